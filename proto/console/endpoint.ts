/** Where consoles are served: `HOST:PORT` (port 0: any that is free) or `unix:PATH`, and how others are told of it. */
import type { ListenOptions } from 'node:net'
import { hostname } from 'node:os'
import { WeftError } from '../errors.ts'

/** On this machine only. */
export const defaultConsoleListen = '127.0.0.1:0'

const address = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]+)):(\d{1,5})$/

/** Throws config.invalid. */
export const parseListen = (text: string): ListenOptions => {
  if (text.startsWith('unix:/')) return { path: text.slice('unix:'.length) }
  const [, six, other, port] = address.exec(text) ?? []
  const host = six ?? other
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) }
  throw new WeftError('config.invalid', `"${text}" is no place to serve consoles at`, {
    hint: 'HOST:PORT, with port 0 for any, or unix:/PATH',
  })
}

/** Of a listener on every address the machine's name is told. */
export const endpointOf = ({ path, host = '' }: ListenOptions, port: number): string => {
  if (path !== undefined) return `unix:${path}`
  const told = host === '0.0.0.0' || host === '::' ? hostname() : host
  return `wss://${told.includes(':') ? `[${told}]` : told}:${port}`
}

/** Where to connect to. Throws message.malformed. */
export const placeOf = (
  endpoint: string,
): { readonly path: string } | { readonly host: string; readonly port: number } => {
  if (endpoint.startsWith('unix:/')) return { path: endpoint.slice('unix:'.length) }
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol !== 'wss:' || url.hostname === '') {
    throw new WeftError('message.malformed', `"${endpoint}" is no endpoint of a console`, {
      hint: 'wss://HOST:PORT or unix:/PATH',
    })
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 443) }
}
