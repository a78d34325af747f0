/** The embedded broker as a process of its own: `node controller/broker/main.ts unix:PATH | mqtt://HOST:PORT …`; ends on SIGTERM and SIGINT. */
import { fileURLToPath } from 'node:url'
import { WeftError } from '../../proto/errors.ts'
import { type Broker, type Listener, startBroker } from './broker.ts'

/** unix:/path or mqtt://host:port (1883 without a port). Throws broker.failed. */
export const parseListener = (url: string): Listener => {
  if (url.startsWith('unix:/')) return { path: url.slice('unix:'.length) }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'mqtt:' || !parsed.hostname) {
    throw new WeftError('broker.failed', `the broker cannot listen at "${url}"`, {
      hint: 'unix:/path or mqtt://host:port',
    })
  }
  return { host: parsed.hostname.replace(/^\[|\]$/g, ''), port: parsed.port === '' ? 1883 : Number(parsed.port) }
}

/** Runs until the signal; says on standard error where it listens and which clients broke the protocol. */
export const runBroker = async (urls: readonly string[], signal: AbortSignal): Promise<void> => {
  const say = (text: string): void => void process.stderr.write(`broker: ${text}\n`)
  const broker: Broker = await startBroker({ listeners: urls.map(parseListener), onProblem: say })
  say(`listens at ${broker.urls.join(', ')}`)
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await broker.close()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ending = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => ending.abort())
  try {
    await runBroker(process.argv.slice(2), ending.signal)
  } catch (error) {
    process.stderr.write(`broker: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
