import t from 'tap'
import type { LibvirtConnection } from '../../../../native/libvirt.ts'
import { consoleTty, getsTty, openPtyConsole } from '../console.ts'

const domain = (console: string) => `<domain type='lxc' id='7'>\n  <devices>\n    ${console}\n  </devices>\n</domain>`

t.test('the console of a domain that runs is the pseudo-terminal that its XML names', async (t) => {
  const console = `<console type='pty' tty='/dev/pts/12'>\n      <source path='/dev/pts/12'/>\n    </console>`
  t.equal(consoleTty(domain(console)), '/dev/pts/12')
})

t.test('a domain that does not run, or whose console is something else, has none', async (t) => {
  t.equal(consoleTty(domain(`<console type='pty'>\n    </console>`)), undefined)
  t.equal(consoleTty(domain(`<console type='file' tty='/etc/passwd'>\n    </console>`)), undefined)
  t.equal(consoleTty(domain(`<console type='pty' tty='/dev/pts/../sda'>\n    </console>`)), undefined)
  t.equal(consoleTty(''), undefined)
})

t.test('a domain that is being started is tried again; one that never has a console is not', async (t) => {
  const open = (xml: () => Promise<string>) => openPtyConsole({ xml } as unknown as LibvirtConnection, 'uuid', 'r1')
  const starting = domain(`<console type='pty'>\n    </console>`)
  t.equal(getsTty(starting), true)
  await t.rejects(
    open(async () => starting),
    { code: 'node.not-running' },
  )
  const gone = Object.assign(new Error('no such domain'), { name: 'LibvirtError', code: 'NO_DOMAIN' })
  await t.rejects(
    open(() => Promise.reject(gone)),
    { code: 'node.not-running' },
  )
  const never = domain(`<console type='file'>\n    </console>`)
  await t.rejects(
    open(async () => never),
    { code: 'verb.unsupported' },
  )
})
