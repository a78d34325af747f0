import { type Command, defineCommand } from '../controller/cli/command.ts'
import { consoleFlags, daemonFlags } from '../controller/cli/declare-roles.ts'

export const agentFlags = {
  ...daemonFlags,
  name: { value: 'NAME', text: 'name of the host, and identity on the broker; the machine’s host name without it' },
  domain: { value: 'DOMAIN', text: 'domain of the PIP that owns the host' },
  broker: {
    value: 'URL',
    text: 'broker of that domain, mqtt://HOST:PORT or unix:PATH; without it only the local socket is served',
  },
  controller: { value: 'NAME', text: 'client whose commands are the controller’s; the domain’s name without it' },
  'state-dir': { value: 'DIR', default: '/var/lib/weft', text: 'where it keeps what is wanted of the host' },
  ...consoleFlags,
  config: { value: 'FILE', text: 'location, NICs, hypervisors and images of the host, YAML' },
} as const

export const agentCommands: readonly Command[] = [
  defineCommand({
    name: 'agent',
    group: 'Roles',
    summary: 'run the agent of this host: it builds what is wanted of it',
    details: `
It serves RUN_DIR/agent.sock. SIGTERM and SIGINT end it in order, a second one at once; nodes and links stay, and are adopted when
it starts again.`,
    flags: agentFlags,
    examples: [
      ['weft agent --domain pip1 --broker mqtt://192.0.2.1:1883 --config /etc/weft/agent.yaml', 'a host of pip1'],
      ['weft agent', 'without a broker: weft host shows what it holds'],
    ],
    load: () => import('./commands/agent.ts'),
  }),
]
