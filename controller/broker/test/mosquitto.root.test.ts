import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { temporaryDirectory } from '../../../proto/test/temporary.ts'
import { brokerSuite } from './suite.ts'

const mosquitto = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto', '/usr/local/sbin/mosquitto'].find((path) =>
  existsSync(path),
)

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

const startMosquitto = async (t: Test): Promise<string> => {
  const port = await freePort()
  const file = join(temporaryDirectory(t), 'mosquitto.conf')
  // Started by root it would change to a user that may be missing.
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\nmax_inflight_messages 0\n`)
  const broker = spawn(mosquitto ?? '', ['-c', file], { stdio: 'ignore' })
  const exited = once(broker, 'exit')
  t.teardown(async () => {
    broker.kill('SIGKILL')
    await exited
  })
  for (const end = performance.now() + 30_000; performance.now() < end; ) {
    const probe = connect(port, '127.0.0.1')
    const answered = await new Promise((resolve) => {
      probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    probe.destroy()
    if (answered) return `mqtt://127.0.0.1:${port}`
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('mosquitto does not listen')
}

if (mosquitto) brokerSuite(t, 'mosquitto', startMosquitto)
else t.test('mosquitto', { skip: 'mosquitto is not installed (sh scripts/setup.sh test)' }, async () => undefined)
