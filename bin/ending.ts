/** That this process was told to end. */
export interface Ending {
  readonly signal: AbortSignal
  /** Settles when it was. */
  readonly told: Promise<void>
}

/** From here on SIGINT, SIGTERM and SIGHUP do not end the process themselves. */
export const endingSignals = (): Ending => {
  const ending = new AbortController()
  const { signal } = ending
  const told = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => ending.abort())
  return { signal, told }
}
