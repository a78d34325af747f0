/** Runs in a kernel host: makes a link of every kind with ip(8), and prints what ip and what agent/netlink read of them, as JSON. */
import { execFileSync } from 'node:child_process'
import { openRoute } from '../../../../agent/netlink/route.ts'
import { kinds } from '../kinds.ts'

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8' })

const failures: Record<string, string> = {}
for (const { name, make } of kinds) {
  try {
    ip('link', 'add', 'name', name, ...make.split(' '))
  } catch (error) {
    failures[name] = (error as Error).message
  }
}
ip('link', 'set', 'a-dummy', 'up', 'master', 'a-vrf')
ip('link', 'set', 'a-vlan', 'up', 'mtu', '1400', 'alias', 'weft:a.v:l1')

/** Bytes as hexadecimal digits; JSON.stringify has turned a Buffer into an object before it asks. */
const replacer = (_: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return String(value)
  const bytes = value as { readonly type?: unknown; readonly data?: unknown } | null
  return bytes?.type === 'Buffer' ? Buffer.from(bytes.data as number[]).toString('hex') : value
}

const route = openRoute()
const read = await route.links({ counters: true })
const told = JSON.parse(ip('-details', '-json', 'link', 'show')) as readonly unknown[]
await route.deleteLink('a-gretap')
const deleted = (await route.link('a-gretap')) === undefined
route.close()
console.log(JSON.stringify({ failures, read, told, deleted }, replacer))
