import t from 'tap'
import { play, weft } from './support.ts'

const sha256 = 'a'.repeat(64)
const web = { name: 'web', url: 'https://images.example/web', sha256, sizeBytes: 2 ** 20, format: 'tar' }
const host = { name: 'host', format: 'directory' }

t.test('images of a provider: its catalogue, who fetched what, and what hosts have of their own', async (t) => {
  const hosts = [
    { name: 'h1', inventory: { storedImages: [host, { name: 'web-as-it-was-called', sha256, format: 'tar' }] } },
    { name: 'h2', inventory: { storedImages: [host, { name: 'tiny', format: 'kernel' }] } },
    { name: 'h3' },
  ]
  const { directory, requests } = await play(t, 'pip', () => ({ hosts: { hosts, images: [web] } }))
  const run = (...argv: string[]) => weft(['images', ...argv, '--run-dir', directory])
  const { status, stdout } = await run()
  t.equal(
    stdout,
    `\
IMAGE  FORMAT     SIZE   FROM       HOSTS
host   directory  -      host       h1,h2
tiny   kernel     -      host       h2
web    tar        1 MiB  catalogue  h1
`,
  )
  t.equal(status, 0)
  t.match(requests, [{ hosts: {} }])
  t.same(JSON.parse((await run('web', '-o', 'json')).stdout), {
    ...{ name: 'web', url: web.url, sha256, sizeBytes: '1048576', format: 'tar', hosts: ['h1'] },
  })
  t.equal((await run('-o', 'name')).stdout, 'image/host\nimage/tiny\nimage/web\n')
  t.match(await run('wep'), { status: 1, stderr: /no image wep.*\n.*web/ })
})
