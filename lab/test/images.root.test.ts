/** A provider's image, from the substrate file through every role to a container, and out again. */
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { busyboxImage, busyboxProblem } from '../../agent/images/test/support/busybox.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(900_000)

t.test(
  'a node has the image that the catalogue says, or says why not',
  { skip: labProblem() || busyboxProblem() },
  async (t) => {
    const directory = temporaryDirectory(t)
    const file = (name: string) => join(directory, name)
    const bytes = gzipSync(await busyboxImage([{ path: 'etc/motd', content: 'from the catalogue\n' }]))
    writeFileSync(file('web.tar.gz'), bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(
      file('substrate.yaml'),
      `name: pip1
hosts: { h1: }
images:
  web: { url: "file://${file('web.tar.gz')}", sha256: ${sha256}, size: ${bytes.length} B, format: tar }
  wrong: { url: "file://${file('web.tar.gz')}", sha256: ${'f'.repeat(64)}, format: tar }
`,
    )
    const request = (nodes: string) => writeFileSync(file('request.yaml'), `vnet: shop\nnodes:\n${nodes}`)
    const stack = await startStack({ name: `test-images-${process.pid}`, substrateFile: file('substrate.yaml') })
    t.teardown(() => stack.down())
    const cli = (...argv: string[]) => run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])
    const json = async (...argv: string[]) => JSON.parse((await cli(...argv, '-o', 'json')).stdout)

    request('  a: { image: web }\n  b: { image: web }\n')
    const applied = await cli('apply', '-f', file('request.yaml'), '--wait')
    t.equal(applied.status, 0, applied.stderr)
    for (const node of ['a', 'b']) {
      const told = await cli('exec', `shop/${node}`, '--', 'cat', '/etc/motd')
      t.equal(told.stdout, 'from the catalogue\n', told.stderr)
    }

    request('  a: { image: web }\n  b: { image: wrong }\n')
    await cli('apply', '-f', file('request.yaml'))
    const failed = async () => (await json('get', 'nodes')).find(({ id }: { id: string }) => id === 'b')?.error
    for (const end = performance.now() + 120_000; (await failed()) === undefined && performance.now() < end; );
    t.match(await failed(), { code: 'image.digest', object: 'node/b' })
    t.equal((await cli('exec', 'shop/a', '--', 'cat', '/etc/motd')).stdout, 'from the catalogue\n', 'the other goes on')

    request('  a: { image: none }\n')
    const refused = await cli('plan', '-f', file('request.yaml'))
    t.match(`${refused.stdout}${refused.stderr}`, /needs the image "none".*lxc\/web/s)

    await cli('delete', 'shop', '--wait', '--yes')
    const uses = await stack.lab.host('h1').exec(['ls', '/var/lib/weft/image-store/uses'])
    t.strictSame([uses.status, uses.stdout], [0, ''], 'nobody uses it any more')
  },
)
