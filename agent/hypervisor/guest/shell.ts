/** Words of shell scripts that are made for guests: any bytes, in any POSIX shell. */

/** Pure: a word that a shell reads as it is. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const plain = /[A-Za-z0-9 _.,:;=+@/-]/

/** Pure: what makes printf(1), which is part of every shell, print these bytes. XCU, printf, EXTENDED DESCRIPTION. */
export const printed = (bytes: Uint8Array): string => {
  const format = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte)
    return plain.test(character) ? character : `\\${byte.toString(8).padStart(3, '0')}`
  }).join('')
  // The first character might begin an option.
  return format === '' ? ':' : `printf '${format.replace(/^-/, '\\055')}'`
}
