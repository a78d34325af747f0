import t from 'tap'
import { consoleTty } from '../console.ts'

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
