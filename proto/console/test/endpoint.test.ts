import { hostname } from 'node:os'
import t from 'tap'
import { endpointOf, parseListen, placeOf } from '../endpoint.ts'

t.test('where consoles are served is an address and a port, or a socket', async (t) => {
  t.same(parseListen('192.0.2.7:0'), { host: '192.0.2.7', port: 0 })
  t.same(parseListen('[2001:db8::7]:443'), { host: '2001:db8::7', port: 443 })
  t.same(parseListen('unix:/run/weft/c.sock'), { path: '/run/weft/c.sock' })
  for (const wrong of ['', '192.0.2.7', 'host:70000', 'unix:relative', 'wss://host:1', '2001:db8::7:443']) {
    t.throws(() => parseListen(wrong), { code: 'config.invalid' }, wrong)
  }
})

t.test(
  'others are told the port that it became, and the name of the machine where it listens at every address',
  async (t) => {
    t.equal(endpointOf({ host: '192.0.2.7', port: 0 }, 40123), 'wss://192.0.2.7:40123')
    t.equal(endpointOf({ host: '2001:db8::7', port: 0 }, 40123), 'wss://[2001:db8::7]:40123')
    t.equal(endpointOf({ host: '0.0.0.0', port: 7 }, 7), `wss://${hostname()}:7`)
    t.equal(endpointOf({ path: '/run/c' }, 0), 'unix:/run/c')
  },
)

t.test('an endpoint is read back as it was told', async (t) => {
  t.same(placeOf('wss://192.0.2.7:40123'), { host: '192.0.2.7', port: 40123 })
  t.same(placeOf('wss://[2001:db8::7]:1'), { host: '2001:db8::7', port: 1 })
  t.same(placeOf('unix:/run/c'), { path: '/run/c' })
  for (const wrong of ['', 'ws://a:1', 'https://a:1', 'unix:a']) {
    t.throws(() => placeOf(wrong), { code: 'message.malformed' }, wrong)
  }
})
