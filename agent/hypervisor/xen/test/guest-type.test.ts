import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../../../proto/test/temporary.ts'
import { chooseType, hostTypes, kernelTypes } from '../guest-type.ts'

const note = (name: string, type: number, length: number): Buffer => {
  const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
  const header = Buffer.alloc(12)
  header.writeUInt32LE(name.length + 1, 0)
  header.writeUInt32LE(length, 4)
  header.writeUInt32LE(type, 8)
  return Buffer.concat([header, padded(Buffer.from(`${name}\0`)), padded(Buffer.alloc(length, 1))])
}

/** An ELF image of two segments, of which the second has notes. */
const elf = (...notes: readonly Buffer[]): Buffer => {
  const segment = Buffer.concat(notes)
  const header = Buffer.alloc(64 + 2 * 56)
  header.write('\x7fELF\x02\x01', 'latin1')
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(2, 56)
  header.writeUInt32LE(1, 64)
  header.writeUInt32LE(4, 64 + 56)
  header.writeBigUInt64LE(BigInt(header.length), 64 + 56 + 8)
  header.writeBigUInt64LE(BigInt(segment.length), 64 + 56 + 32)
  return Buffer.concat([header, segment])
}

t.test('the notes of a kernel tell what guest it can be', async (t) => {
  const directory = temporaryDirectory(t)
  const typesOf = (image: Buffer | string) => {
    writeFileSync(join(directory, 'kernel'), image)
    return kernelTypes(join(directory, 'kernel'))
  }
  const [other, pv, pvh] = [note('GNU', 1, 20), note('Xen', 1, 8), note('Xen', 18, 5)]
  t.same(await typesOf(elf(other, pv, pvh)), ['pv', 'pvh'])
  t.same(await typesOf(elf(other, pvh)), ['pvh'])
  t.same(await typesOf(elf(other)), [], 'a kernel that knows nothing of Xen')
  t.same(await typesOf(elf(other, Buffer.alloc(7, 255))), [], 'notes that are cut off')
  t.same(await typesOf('packed, or anything'), ['pvh', 'pv'], 'nothing can be told')
  await t.rejects(kernelTypes(join(directory, 'none')), { code: 'ENOENT' })
})

t.test('a host has what its capabilities name', (t) => {
  const offers = (...types: string[]) => types.map((type) => `<guest>\n<os_type>${type}</os_type></guest>`).join('')
  t.same(hostTypes(offers('xen', 'hvm', 'xenpvh')), ['pvh', 'pv'])
  t.same(hostTypes(offers('xen')), ['pv'])
  t.same(hostTypes(''), [])
  t.end()
})

t.test('PVH is preferred, and where nothing fits the reason is told', (t) => {
  t.equal(chooseType('r1', ['pvh', 'pv'], ['pvh', 'pv'], ['pv', 'pvh']), 'pvh')
  t.equal(chooseType('r1', ['pvh', 'pv'], ['pvh', 'pv'], ['pv']), 'pv')
  t.equal(chooseType('r1', ['pv'], ['pvh', 'pv'], ['pv', 'pvh']), 'pv')
  t.throws(() => chooseType('r1', ['pvh', 'pv'], ['pv'], ['pvh']), {
    code: 'image.unsuitable',
    object: 'node/r1',
    hint: 'allowed: pvh and pv; this host: pv; the kernel: pvh',
  })
  t.end()
})
