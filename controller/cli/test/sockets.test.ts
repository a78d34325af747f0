import { existsSync } from 'node:fs'
import t from 'tap'
import type { Context, LabPlace } from '../context.ts'
import { findSocket } from '../sockets.ts'
import { weft } from './support.ts'

const labs: readonly LabPlace[] = [
  { name: 'one', sockets: { vno: '/one/vno.sock' }, agents: { h1: '/one/h1.sock', h2: '/one/h2.sock' } },
  { name: 'two', sockets: { vno: '/two/vno.sock' }, agents: { h1: '/two/h1.sock' } },
]

const context = (globals: Partial<Context['globals']>, running: readonly LabPlace[] = []) => {
  const said: string[] = []
  const verbose = (text: string) => said.push(text)
  return { said, ...({ globals, labs: async () => running, verbose } as unknown as Context) }
}

t.test('a socket or a run directory that was named is it', async (t) => {
  t.equal(await findSocket(context({ socket: '/x/y.sock', 'run-dir': '/x' }), 'vno'), '/x/y.sock')
  t.equal(await findSocket(context({ 'run-dir': '/x' }, labs), 'pip'), '/x/pip.sock')
})

const own = existsSync('/run/weft/vno.sock') ? 'a VNO of its own runs on this machine' : false

t.test('else it is the one of the machine, or of the only lab', { skip: own }, async (t) => {
  t.equal(await findSocket(context({}), 'vno'), '/run/weft/vno.sock')
  const one = context({}, labs.slice(0, 1))
  t.equal(await findSocket(one, 'vno'), '/one/vno.sock')
  t.same(one.said, ['asking the vno of lab one at /one/vno.sock'])
  t.equal(await findSocket(context({}, labs.slice(0, 1)), 'vnp'), '/run/weft/vnp.sock', 'a lab without that role')
})

t.test('of several labs one must be named', { skip: own }, async (t) => {
  await t.rejects(findSocket(context({}, labs), 'vno'), {
    message: 'several labs run here: one, two',
    hint: /--lab one/,
  })
  t.equal(await findSocket(context({ lab: 'two' }, labs), 'vno'), '/two/vno.sock')
  await t.rejects(findSocket(context({ lab: 'tow' }, labs), 'vno'), {
    message: 'no lab "tow" runs here',
    hint: /"two"/,
  })
})

t.test('of several hosts too', async (t) => {
  t.equal(await findSocket(context({ lab: 'one' }, labs), 'agent', 'h2'), '/one/h2.sock')
  t.equal(await findSocket(context({ lab: 'two' }, labs), 'agent'), '/two/h1.sock')
  await t.rejects(findSocket(context({ lab: 'one' }, labs), 'agent'), { message: /h1, h2/, hint: /--host h1/ })
  await t.rejects(findSocket(context({ lab: 'one' }, labs), 'agent', 'h3'), { message: 'lab one has no host "h3"' })
})

t.test('nobody there is an error with a hint', async (t) => {
  t.match(await weft(['get', '--run-dir', '/nonexistent']), {
    status: 1,
    stdout: '',
    stderr:
      'error: nobody serves /nonexistent/vno.sock: ENOENT [call.unreachable]\nhint: is the role running, and is this its socket?\n',
  })
})
