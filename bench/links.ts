/** What a link costs on a host that has many of them: `npm run bench:links -- --help`. */
import { openAgentHost } from './links/agent-host.ts'
import { compareLinks, type LinksComparison } from './links/compare.ts'
import { openDriverHost } from './links/driver-host.ts'
import type { LinkHost } from './links/host.ts'
import { type Part, readOptions, usage } from './links/options.ts'
import { reportText, targetRatio } from './links/report.ts'

const main = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2))
  if (!options) {
    console.log(usage)
    return
  }
  const { links, perVNet, pairs, ipv6 } = options
  const open: Readonly<Record<Part, () => Promise<LinkHost>>> = {
    click: () => openDriverHost('click', perVNet, { ipv6 }),
    bridge: () => openDriverHost('bridge', perVNet, { ipv6 }),
    agent: () => openAgentHost('click', perVNet, { ipv6 }),
    'agent-bridge': () => openAgentHost('bridge', perVNet, { ipv6 }),
  }
  const results: Partial<Record<Part, LinksComparison>> = {}
  for (const part of options.only) {
    results[part] = await compareLinks(open[part], { links, pairs }, (what) => console.error(`${part}, ${what}`))
  }
  console.log(options.json ? JSON.stringify(results, undefined, 2) : reportText(results))
  const missed = Object.values(results).some(({ at }) => (at.at(-1)?.ratio ?? 0) > targetRatio)
  if (options.check && missed) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
})
