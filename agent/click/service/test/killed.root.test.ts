/** Processes that are killed in the middle of a change leave one whole router, or none. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { until } from '../../../../native/test/support/process.ts'
import { have, missing } from '../../../ebpf/features.ts'
import { listPins } from '../../../ebpf/pins.ts'
import { readConfiguration } from '../configuration.ts'
import { pinsOf } from '../places.ts'
import { type ClickService, clickService } from '../service.ts'
import type { Change } from './fixtures/change.ts'
import { countArriving } from './flood.ts'
import { openSender } from './sender.ts'
import { type Lines, makeLines } from './support.ts'

t.setTimeout(900_000)
const skip = missing('bpf')?.message ?? false
const fixture = join(dirname(fileURLToPath(import.meta.url)), 'fixtures', 'change.ts')

const before = `
  FromDevice(a1) -> s :: Switch(0) -> c :: Counter -> Discard; s[1] -> Discard;
  FromDevice(b1, ATTACH clsact) -> Discard;
  FromHost(own0, 192.0.2.1/24) -> Discard;`
/** The same device, one by another method, one no more, a new one, another that the router makes itself. */
const after = `
  FromDevice(a1) -> s :: Switch(0) -> c :: Counter -> Queue -> ToDevice(a1); s[1] -> Discard;
  FromDevice(c1, ATTACH clsact) -> Discard;
  FromHost(own1, 198.51.100.1/24) -> Discard;`

/** The step before which the process was killed. */
const change = (change: Change): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(process.execPath, [fixture, JSON.stringify(change)], (error, stdout, stderr) => {
      if (error && error.signal !== 'SIGKILL') reject(new Error(stderr))
      else resolve(stdout)
    })
  })

/** Of what the tests' routers attach and make, what is there. */
const leftOf = async ({ route, places }: Lines): Promise<readonly string[]> => {
  const links = await route.links()
  const clsact = (await route.qdiscs()).filter(({ options }) => options.kind === 'clsact')
  return [
    ...links.map(({ name }) => name).filter((name) => name.startsWith('own')),
    ...clsact.map(({ index }) => `clsact of ${links.find((link) => link.index === index)?.name}`),
    ...listPins(pinsOf(places, 'r')),
    ...readdirSync(places.directory).filter((file) => !file.startsWith('.')),
  ]
}

const expectNothing = async (t: Test, lines: Lines, what: string): Promise<void> => {
  t.same(await leftOf(lines), [], `${what}: nothing is left`)
}

/** Whether packets of a1 go to one who is asked after routers. */
const passes = async (t: Test, lines: Lines): Promise<boolean> => {
  const arrived = await countArriving(t, lines, 'a1')
  const sender = openSender(lines.path, await lines.index('a0'))
  sender.send(1)
  sender.close()
  return until(() => arrived() === 1, 5000)
}

const expectWhole = async (t: Test, service: ClickService, lines: Lines, what: string): Promise<number> => {
  const [router] = await service.list()
  const devices = router?.attachments.map(({ device, state }) => `${device} ${state}`) ?? []
  const isNew = devices.some((text) => text.startsWith('c1'))
  const wanted = isNew ? ['a1', 'c1', 'own1'] : ['a1', 'b1', 'own0']
  t.same(
    { state: router?.state, devices: devices.toSorted() },
    { state: 'running', devices: wanted.map((name) => `${name} attached`) },
    `${what}: one whole router`,
  )
  const filtered = have('tcx') ? [isNew ? 'c1' : 'b1'] : wanted
  const expected = [
    isNew ? 'own1' : 'own0',
    ...filtered.map((device) => `clsact of ${device}`),
    `g${router?.generation}`,
    ...(have('tcx') ? ['links'] : []),
    'r.json',
  ]
  t.same((await leftOf(lines)).toSorted(), expected.toSorted(), `${what}: and nothing else`)
  return router?.generation ?? 0
}

const cases = {
  up: async (t: Test, lines: Lines, killedAt: number): Promise<boolean> => {
    const service = clickService(lines.places)
    const step = await change({ places: lines.places, verb: 'up', name: 'r', text: before, killedAt })
    const what = `killed before '${step}'`
    if (step !== 'done') t.not((await service.list())[0]?.state, 'running', `${what}: list says so, or knows of none`)
    if (await service.adopt('r')) await expectWhole(t, service, lines, what)
    else await expectNothing(t, lines, what)
    if (!(await service.adopt('r'))) await service.up('r', readConfiguration(before, 'test.click'))
    await expectWhole(t, service, lines, `${what}, up again`)
    await service.down('r')
    await expectNothing(t, lines, `${what}, down`)
    return step === 'done'
  },
  swap: async (t: Test, lines: Lines, killedAt: number): Promise<boolean> => {
    const service = clickService(lines.places)
    await service.up('r', readConfiguration(before, 'test.click'))
    await service.write('r', 's.switch', '1')
    const step = await change({ places: lines.places, verb: 'swap', name: 'r', text: after, killedAt })
    const what = `killed before '${step}'`
    t.equal(await service.read('r', 's.switch'), '1', `${what}: what was written can be read at once`)
    await service.adopt('r')
    const generation = await expectWhole(t, service, lines, what)
    t.equal(await service.read('r', 's.switch'), '1', `${what}: what was written is there`)
    await service.swap('r', readConfiguration(after, 'test.click'))
    t.equal(await expectWhole(t, service, lines, `${what}, swapped again`), generation + 1)
    await service.down('r')
    await expectNothing(t, lines, `${what}, down`)
    return step === 'done'
  },
  down: async (t: Test, lines: Lines, killedAt: number): Promise<boolean> => {
    const service = clickService(lines.places)
    await service.up('r', readConfiguration(before, 'test.click'))
    const step = await change({ places: lines.places, verb: 'down', name: 'r', text: '', killedAt })
    const what = `killed before '${step}'`
    t.equal(await service.adopt('r'), undefined, `${what}: it is taken down to the end`)
    await expectNothing(t, lines, what)
    return step === 'done'
  },
} as const

for (const [verb, attempt] of Object.entries(cases)) {
  t.test(`a process that is killed at any step of ${verb}`, { skip }, async (t) => {
    const lines = await makeLines(t, ['a', 'b', 'c'])
    let steps = 0
    while (!(await attempt(t, lines, steps))) steps++
    t.ok(steps > 3, `${steps} steps`)
    t.ok(await passes(t, lines), 'the packets of the device are free again')
  })
}
