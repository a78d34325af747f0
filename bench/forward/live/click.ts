/** Userlevel Click with the same configuration, its devices sockets (AF_PACKET) on the same veths. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RouterPlan, routerText } from '../router.ts'

export interface RunningClick {
  /** What its ToDevices say that they sent. */
  readonly sent: () => Promise<number>
  readonly processNs: () => number
  readonly close: () => Promise<void>
}

const patienceMs = 30_000

/** Where packets come from and go to is sockets; what went there is counted, as Weft's ToDevice does by itself. */
const forSockets = (text: string): string =>
  text
    .replaceAll('FromDevice($device)', 'FromDevice($device, METHOD LINUX, PROMISC true, BURST 32)')
    .replaceAll('to :: ToDevice($device)', 'to :: Counter -> ToDevice($device, METHOD LINUX, BURST 32)')

/** Rejects with what Click said where it does not start. */
export const startClick = async (binary: string, plan: RouterPlan, namespace: string): Promise<RunningClick> => {
  const directory = await mkdtemp(join(tmpdir(), 'weft-bench-'))
  const socket = join(directory, 'control')
  const file = join(directory, 'router.click')
  await writeFile(file, `${forSockets(routerText(plan))}ControlSocket(UNIX, ${socket});\n`)
  const child = spawn('nsenter', [`--net=${namespace}`, '--', binary, file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said: Buffer[] = []
  child.stderr.on('data', (data: Buffer) => said.push(data))
  const ended = once(child, 'close').catch((error: Error) => said.push(Buffer.from(error.message)))
  let over = false
  void ended.then(() => {
    over = true
  })
  const stop = (): void => {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
  process.once('exit', stop)
  const close = async (): Promise<void> => {
    stop()
    await ended
    process.off('exit', stop)
  }
  const deadline = performance.now() + patienceMs
  for (;;) {
    if (over || performance.now() > deadline) {
      await close()
      throw new Error(`${binary} does not start: ${Buffer.concat(said).toString().trim() || 'it says nothing'}`)
    }
    if (await read(socket, 'version').catch(() => undefined)) break
    await sleep(50)
  }
  const counters = plan.outputs.map((_, i) => `out${i}/to.count`)
  return {
    sent: async () => {
      let sum = 0
      // One after the other: few connections may wait at Click's socket.
      for (const name of counters) sum += Number(await read(socket, name))
      return sum
    },
    processNs: () => taskTicks(child.pid ?? 0) * 1e7,
    close,
  }
}

/** utime and stime, in hundredths of a second (proc(5)). */
const taskTicks = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** A read handler's value, over Click's ControlSocket. */
const read = async (path: string, handler: string): Promise<string> => {
  const socket: Socket = connect(path)
  try {
    await once(socket, 'connect')
    socket.end(`READ ${handler}\r\nQUIT\r\n`)
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)
    const found = /\r\nDATA (\d+)\r\n/.exec(answer)
    if (!found) throw new Error(`Click says of ${handler}: ${answer.trim().split('\r\n').at(-1)}`)
    const from = found.index + found[0].length
    return answer.slice(from, from + Number(found[1]))
  } finally {
    socket.destroy()
  }
}
