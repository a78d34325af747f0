import { readFile } from 'node:fs/promises'

/** Of the kernel, another one after each boot (random(4)); '' where it does not say. */
export const readBootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
