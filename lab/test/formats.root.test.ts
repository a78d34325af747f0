/** A lab that somebody wrote for containerlab, with a switch, built on two virtual hosts; and what it is as a manifest and as a picture. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { labProblem } from '../lab.ts'
import { run } from '../processes.ts'
import { startStack, weft } from '../stack.ts'

t.setTimeout(600_000)

const lab = `
name: lan
topology:
  defaults: { kind: linux, image: "registry.example/tool:1" }
  nodes:
    a: { exec: [ip address add 10.9.0.1/24 dev eth1] }
    b: { exec: [ip address add 10.9.0.2/24 dev eth1] }
    c: { exec: [ip address add 10.9.0.3/24 dev eth1] }
    sw: { kind: bridge }
  links:
    - endpoints: ["a:eth1", "sw:p1"]
    - endpoints: ["b:eth1", "sw:p2"]
    - endpoints: ["c:eth1", "sw:p3"]
`

t.test('nodes of a foreign lab reach each other through its switch', { skip: labProblem() }, async (t) => {
  const stack = await startStack({ name: `test-formats-${process.pid}` })
  t.teardown(() => stack.down())
  const file = join(temporaryDirectory(t), 'lan.clab.yml')
  writeFileSync(file, lab)
  const cli = (...argv: string[]) => run([process.execPath, weft(), '--lab', stack.lab.name, ...argv])

  const applied = await cli('apply', '-f', file, '--wait')
  t.equal(applied.status, 0, applied.stderr)
  t.match(
    applied.stderr,
    `"image" is left out: "registry.example/tool:1" is a container image of a registry at ${file}:4:28`,
  )
  for (const address of ['10.9.0.2', '10.9.0.3']) {
    const { status, stdout } = await cli('exec', 'lan/a', '--', 'ping', '-c1', '-W20', address)
    t.equal(status, 0, stdout)
  }

  const manifest = await cli('export', 'lan', '--to', 'rspec')
  t.match(manifest.stdout, /<node client_id="sw" component_id="urn:publicid:IDN\+[^"]*\+node\+[a-z]+"/)
  const picture = await cli('graph', 'alice.lan', '--role', 'pip', '--substrate', '--to', 'dot')
  t.equal(picture.status, 0, picture.stderr)
  t.match(picture.stdout, /subgraph "cluster_centre".*"a" -- "sw"/s)
})
