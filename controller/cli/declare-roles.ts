/** The roles of the controller as daemons. They log to stderr and end in order on SIGTERM and SIGINT. */
import { type Command, defineCommand } from './command.ts'
import { assignment } from './values.ts'

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/** Of every daemon, that of bin/commands included. */
export const daemonFlags = {
  name: { value: 'NAME', required: true, text: 'identity on the broker: lower-case letters, digits, hyphens' },
  'password-file': { value: 'FILE', text: 'file with the password for the broker' },
  'log-level': { value: 'LEVEL', choices: logLevels, default: 'info', text: 'how much is logged, on stderr' },
} as const

/** Of every role that hands out consoles. */
export const consoleFlags = {
  console: {
    value: 'PLACE',
    text: 'where it serves consoles to the role above, HOST:PORT or unix:PATH; a free port of 127.0.0.1 without it',
  },
  'console-endpoint': {
    value: 'ENDPOINT',
    text: 'where the role above reaches that, wss://HOST:PORT or unix:PATH, if it is another place for it',
  },
} as const

const readProvider = assignment('DOMAIN=URL, for instance pip1=mqtt://192.0.2.1:1883')

/** A domain and the URL of its broker. */
const provider = {
  value: 'DOMAIN=URL',
  parse: (text: string) => {
    const [domain, brokerUrl] = readProvider(text)
    return { domain, brokerUrl }
  },
} as const

const domainFlags = {
  domain: { value: 'DOMAIN', text: 'first part of its topics; its name without it' },
  broker: { value: 'URL', text: 'broker of the domain, mqtt://HOST:PORT or unix:PATH; without it one is embedded' },
  listen: {
    value: 'URL',
    repeated: true,
    text: 'where the embedded broker listens; unix:RUN_DIR/ROLE-broker.sock without it',
  },
} as const

const storeFlag = {
  store: { value: 'PATH', text: 'SQLite file of its state; /var/lib/weft/ROLE/store.db without it' },
} as const

export const pipFlags = {
  ...daemonFlags,
  substrate: { value: 'FILE', required: true, text: 'the declared substrate, YAML' },
  advertise: {
    value: 'LEVEL',
    choices: ['none', 'full'],
    default: 'none',
    text: 'what VNPs are told of the substrate: nothing, or all to map by',
  },
  ...domainFlags,
  ...storeFlag,
  ...consoleFlags,
} as const

export const vnpFlags = {
  ...daemonFlags,
  pip: { ...provider, repeated: true, required: true, text: 'a provider: domain of its PIP and URL of its broker' },
  discovery: {
    value: 'WHO',
    choices: ['pip', 'vnp'],
    default: 'pip',
    text: 'who maps VNets onto hosts: the PIPs, or this VNP where they advertise',
  },
  ...domainFlags,
  ...storeFlag,
  ...consoleFlags,
} as const

export const vnoFlags = {
  ...daemonFlags,
  vnp: { ...provider, required: true, text: 'domain of the VNP and URL of its broker' },
  ...storeFlag,
  ...consoleFlags,
} as const

export const brokerFlags = {
  listen: { value: 'URL', repeated: true, required: true, text: 'where it listens: mqtt://HOST:PORT or unix:PATH' },
} as const

const details =
  'It serves its operator at the socket that --socket or --run-dir names, /run/weft/ROLE.sock without them.'

export const roleCommands: readonly Command[] = [
  defineCommand({
    name: 'pip',
    group: 'Roles',
    summary: 'run a PIP: it owns hosts, maps VNets onto them, commands their agents',
    details,
    flags: pipFlags,
    examples: [
      ['weft pip --name pip1 --substrate pip1.yaml --listen mqtt://127.0.0.1:1883', 'with the embedded broker'],
      ['weft pip --name pip1 --substrate pip1.yaml --broker mqtt://broker.example:1883', 'with another'],
    ],
    load: () => import('./commands/pip.ts'),
  }),
  defineCommand({
    name: 'vnp',
    group: 'Roles',
    summary: 'run a VNP: it assembles VNets from what PIPs offer',
    details,
    flags: vnpFlags,
    examples: [['weft vnp --name vnp1 --pip pip1=mqtt://127.0.0.1:1883 --listen mqtt://127.0.0.1:1884', '']],
    load: () => import('./commands/vnp.ts'),
  }),
  defineCommand({
    name: 'vno',
    group: 'Roles',
    summary: 'run a VNO: it operates VNets, and serves the commands above',
    details,
    flags: vnoFlags,
    examples: [['weft vno --name alice --vnp vnp1=mqtt://127.0.0.1:1884', '']],
    load: () => import('./commands/vno.ts'),
  }),
  defineCommand({
    name: 'broker',
    group: 'Roles',
    summary: 'run the embedded MQTT broker alone',
    details: 'Retained messages are kept in memory: the roles publish them again at each connection.',
    flags: brokerFlags,
    examples: [['weft broker --listen mqtt://127.0.0.1:1883 --listen unix:/run/weft/broker.sock', '']],
    load: () => import('./commands/broker.ts'),
  }),
]
