import t from 'tap'
import { play, shop, weft } from './support.ts'

const sha256 = 'a'.repeat(64)
const web = { name: 'web', url: 'https://images.example/web', sha256, sizeBytes: 2 ** 20, format: 'tar' }
const host = { name: 'host', format: 'directory' }

t.test(
  'images of a provider: its catalogue, who fetched what, what hosts have besides, and what is used',
  async (t) => {
    const old = { name: 'web', sha256: 'b'.repeat(64), sizeBytes: 2 ** 21, format: 'tar' }
    const hosts = [
      { name: 'h1', inventory: { storedImages: [host, old, { name: 'web-as-it-was-called', sha256, format: 'tar' }] } },
      { name: 'h2', inventory: { storedImages: [host, old, { name: 'tiny', format: 'kernel' }] } },
      { name: 'h3' },
    ]
    const { nodes } = shop()
    const request = { nodes: [{ id: 'r1' }, { id: 'r2', image: 'web' }, { id: 'r3', image: 'web' }, { id: 'r4' }] }
    const states = [
      shop({ request, nodes: [...nodes, { id: 'r4', hypervisor: 'qemu' }] }),
      shop({ vnet: 'other', request, nodes }),
      // Of one that waits for room no node is anywhere yet.
      shop({ vnet: 'waiting', request, nodes: [] }),
    ]
    const { directory, requests } = await play(t, 'pip', (request) =>
      request.get ? { vnets: { vnets: states } } : { hosts: { hosts, images: [web] } },
    )
    const run = (...argv: string[]) => weft(['images', ...argv, '--run-dir', directory])
    const { status, stdout } = await run()
    t.equal(
      stdout,
      `\
IMAGE  FORMAT     SIZE   FROM       NODES  HOSTS
host   directory  -      host       2      h1,h2
tiny   kernel     -      host       1      h2
web    tar        1 MiB  catalogue  2      h1
web    tar        2 MiB  fetched    -      h1,h2
`,
    )
    t.equal(status, 0)
    t.match(requests, [{ hosts: {} }, { get: {} }])
    const [listed, fetched] = JSON.parse((await run('web', '-o', 'json')).stdout)
    t.same(listed, { ...web, sizeBytes: '1048576', from: 'catalogue', hosts: ['h1'], nodes: 2 })
    t.same(fetched, { ...old, sizeBytes: '2097152', from: 'fetched', hosts: ['h1', 'h2'] })
    t.match(JSON.parse((await run('tiny', '-o', 'json')).stdout), { name: 'tiny', from: 'host', nodes: 1 })
    t.equal((await run('-o', 'name')).stdout, `image/host\nimage/tiny\nimage/web\nimage/web@sha256:${old.sha256}\n`)
    t.match((await run('-o', 'wide')).stdout, /HYPERVISORS.*\nhost .* lxc .*\ntiny .* qemu,kvm,xen /)
    t.match(await run('wep'), { status: 1, stderr: /no image wep.*\n.*web/ })
  },
)
