import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { ethernetLinkType, readPcap, writePcap } from '../../agent/click/pcap.ts'
import { missing } from '../../agent/ebpf/features.ts'
import { run } from '../commands/click-run.ts'

const skip = missing('bpf')?.message ?? missing('tcx')?.message ?? false

t.test(
  'weft click run sends captures in by their timestamps and writes what leaves',
  { skip, timeout: 120_000 },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'weft-click-run-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const capture = (name: string, ...packets: readonly (readonly [timestampNs: bigint, last: number])[]) => {
      const file = join(directory, name)
      const frames = packets.map(([timestampNs, last]) => {
        const bytes = Buffer.alloc(60, last)
        return { timestampNs, bytes, originalBytes: 60 }
      })
      writeFileSync(file, writePcap({ linkType: ethernetLinkType, packets: frames }))
      return file
    }
    const one = capture('one.pcap', [1000n, 1], [3000n, 3], [5000n, 5])
    const two = capture('two.pcap', [1000n, 2], [4000n, 4])
    const out = join(directory, 'out')
    let stdout = ''
    let stderr = ''
    const write = (add: (text: string) => void) => ({ write: (text: string | Uint8Array) => add(`${text}`) })
    const context = {
      env: {},
      stdout: write((text) => {
        stdout += text
      }),
      stderr: write((text) => {
        stderr += text
      }),
    } as unknown as Parameters<typeof run>[0]
    const status = await run(context, {
      args: [],
      rest: [],
      flags: {
        expression:
          'FromDevice(a) -> q :: Queue -> ToDevice(c); FromDevice(lo) -> n :: Counter -> q; Idle -> ToDevice(longer-than-any-interface)',
        define: [],
        in: [`a=${one}`, `lo=${two}`],
        out,
        handlers: 'n.count,q.length',
      },
    })
    t.equal(status, 0, stderr)
    t.same(JSON.parse(stdout), { 'n.count': '2', 'q.length': '0' })
    const { linkType, packets } = readPcap(readFileSync(join(out, 'c.pcap')))
    t.equal(linkType, 1)
    t.same(
      packets.map(({ timestampNs, bytes }) => [timestampNs, bytes[59]]),
      [
        [1000n, 1],
        [1000n, 2],
        [3000n, 3],
        [4000n, 4],
        [5000n, 5],
      ],
    )
    for (const empty of ['longer-than-any-interface.pcap', 'host.pcap'])
      t.same(readPcap(readFileSync(join(out, empty))).packets, [])
  },
)

t.test('what leaves by a device needs a file of its own', async (t) => {
  for (const device of ['host', '../evil']) {
    const flags = {
      expression: `Idle ->\n ToDevice(${device})`,
      define: [],
      in: [],
      out: '/nowhere',
      handlers: undefined,
    }
    const context = { env: {}, stderr: { write: () => undefined } } as unknown as Parameters<typeof run>[0]
    await t.rejects(run(context, { args: [], rest: [], flags }), { code: 'config.invalid', where: 'config:2' }, device)
  }
})
