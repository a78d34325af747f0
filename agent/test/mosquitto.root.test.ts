/** The agent alone with Mosquitto: one JSON, published as anyone would, builds two containers and a link. mosquitto_pub(1) */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { labProblem } from '../../lab/testing.ts'
import { decode } from '../../proto/codec.ts'
import { realHost } from './support/real-host.ts'

t.setTimeout(600_000)

const programs = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto_pub', '/usr/bin/mosquitto_sub']
const missing = programs.find((program) => !existsSync(program))
const skip = missing ? `${missing} is not installed` : labProblem()

const slice = {
  vnet: 'mine',
  nodes: ['a', 'b'].map((id, i) => ({
    id,
    hypervisor: 'lxc',
    memoryBytes: String(64 * 1024 * 1024),
    interfaces: [{ index: 0, addresses: [`10.0.0.${i + 1}/30`] }],
  })),
  links: [{ id: 'a-b', ends: [{ node: 'a' }, { node: 'b' }] }],
}

t.test('one JSON builds two containers and a link, another takes them down', { skip }, async (t) => {
  const { host, run, start, untilGone, traces } = await realHost(t)
  const broker = await host.spawn(['/usr/sbin/mosquitto', '-p', '1883'], `${host.logs}/mosquitto.log`)
  t.teardown(() => broker.kill('SIGTERM'))
  const agent = await start({ brokerUrl: 'mqtt://127.0.0.1:1883' })
  const topic = 'weft/v1/pip1/host/host'

  /** The last retained message of a topic, '' where there is none yet. */
  const retained = (name: string) => run('mosquitto_sub', '-t', `${topic}/${name}/json`, '-C', '1', '-W', '2')
  const untilRetained = async (name: string, pattern: RegExp): Promise<void> => {
    let last = ''
    for (let tries = 0; tries < 100; tries++) {
      last = await retained(name)
      if (pattern.test(last)) return
      await sleep(100)
    }
    t.fail(`${name} is still ${last}`)
  }
  /** Publishes a command and gives the reply. */
  const ask = async (body: unknown): Promise<unknown> => {
    const reply = run('mosquitto_sub', '-t', `${topic}/reply/carol/json`, '-C', '1', '-W', '60')
    await sleep(1000)
    const message = JSON.stringify({ correlation: '1', body })
    await run('mosquitto_pub', '-t', `${topic}/command/carol/json`, '-q', '1', '-m', message)
    return JSON.parse(await reply)
  }

  await untilRetained('status', /"online":true/)
  t.match(await ask({ apply: { slice } }), { correlation: '1', body: { reported: { vnet: 'mine', generation: '1' } } })
  await untilRetained('reported/mine', /PHASE_READY/)
  const ping = await ask({ exec: { vnet: 'mine', node: 'a', argv: ['ping', '-c1', '-W20', '10.0.0.2'] } })
  t.match(
    Buffer.from((ping as { body: { exec: { stdout: string } } }).body.exec.stdout, 'base64').toString(),
    / 0% packet loss/,
  )

  t.match(await ask({ delete: { vnet: 'mine' } }), { body: { reported: { phase: 'PHASE_REMOVING' } } })
  await untilGone('mine')
  t.same(await traces(), [])
  t.match(await retained('reported/mine'), /^(?!.*PHASE)/s, 'the broker holds nothing of it either')

  const online = async (): Promise<boolean> => {
    const hex = await run('mosquitto_sub', '-t', `${topic}/status`, '-C', '1', '-W', '2', '-F', '%x')
    return decode('HostStatus', decode('Envelope', Buffer.from(hex.trim(), 'hex')).body).online
  }
  t.equal(await online(), true)
  agent.kill('SIGKILL')
  for (let tries = 0; tries < 100 && (await online()); tries++) await sleep(100)
  t.equal(await online(), false, 'the last will stands in the place of the status')
})
