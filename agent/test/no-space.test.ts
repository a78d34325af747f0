import t from 'tap'
import { WeftError } from '../../proto/errors.ts'
import { noSpace } from '../no-space.ts'

const said = (message: string, code?: string): Error => Object.assign(new Error(message), code ? { code } : {})

t.test('a full disk has a code of its own, whoever found it full', async (t) => {
  for (const error of [
    said('ENOSPC: no space left on device, write', 'ENOSPC'),
    said('EDQUOT: quota exceeded', 'EDQUOT'),
    said('virDomainCreate: unable to write /run/x.xml: No space left on device', 'SYSTEM_ERROR'),
  ]) {
    t.match(noSpace('start of node a', error, 'node/a'), {
      code: 'host.no-space',
      object: 'node/a',
      message: /start of node a/,
    })
  }
})

t.test('what is another error stays it', async (t) => {
  for (const error of [said('EACCES', 'EACCES'), new WeftError('image.no-space', 'full'), undefined])
    t.equal(noSpace('start', error), error)
})
