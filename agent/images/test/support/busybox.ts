/** An image of a few kilobytes of settings and Debian's static busybox: enough for a container. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { archive, type Entry } from './archive.ts'

const busybox = '/bin/busybox'

export const busyboxProblem = (): string | false =>
  existsSync(busybox) ? false : 'no busybox: apt-get install busybox-static'

/** Of ids as they are in the image. */
export const busyboxImage = async (more: readonly Entry[] = []): Promise<Buffer> => {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).trim().split('\n')
  return archive([
    { path: 'bin/', type: '5', mode: 0o755 },
    { path: 'bin/busybox', content: await readFile(busybox), mode: 0o755 },
    ...applets
      .filter((name) => name !== 'busybox')
      .map((name) => ({ path: `bin/${name}`, type: '2', target: 'busybox' })),
    { path: 'etc/', type: '5', mode: 0o755 },
    { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/srv:/bin/sh\n' },
    { path: 'etc/group', content: 'root:x:0:\napp:x:1000:\n' },
    ...more,
  ])
}
