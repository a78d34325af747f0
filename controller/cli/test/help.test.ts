import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { commands, weft } from './support.ts'

t.test('weft alone says how it is used, as an error', async (t) => {
  const { status, stdout, stderr } = await weft([])
  t.match({ status, stdout }, { status: 1, stdout: '' })
  t.match(stderr, /^Usage: weft COMMAND/)
})

t.test('help is the same by every way, on stdout', async (t) => {
  const help = await weft(['help'])
  t.equal(help.status, 0)
  t.same(await weft(['--help']), help)
  for (const { name, summary } of commands) {
    t.ok(help.stdout.includes(name) && help.stdout.includes(summary), name)
    const words = name.split(' ')
    const own = await weft(['help', ...words])
    t.match(own, { status: 0, stdout: new RegExp(`^Usage: weft ${name}\\b`) })
    t.same(await weft([...words, '--help']), own)
  }
})

t.test('a command’s help names its arguments, flags, their variables and defaults', async (t) => {
  t.equal(
    (await weft(['help', 'wait'])).stdout,
    `\
Usage: weft wait VNET [FLAGS]

Wait until a VNet is ready or gone.

Exit status: 0 it is, 1 it never will be (there is no such VNet, it was refused), 124 not within --timeout.

Arguments:
  VNET  name of a VNet

Flags:
      --for STATE         what to wait for (ready|gone; default ready; WEFT_FOR)
      --timeout DURATION  longest time to wait (default 10m; WEFT_TIMEOUT)
      --role ROLE         the role to ask (vno|vnp|pip; default vno; WEFT_ROLE)

Flags of every command:
      --socket PATH  socket of the role to ask (WEFT_SOCKET)
      --run-dir DIR  directory of the roles' sockets; /run/weft, or that of a lab that runs here (WEFT_RUN_DIR)
      --lab NAME     ask the roles of this lab (WEFT_LAB)
  -v, --verbose      say more, on stderr (WEFT_VERBOSE)
  -h, --help         help for the command

Examples:
  weft wait --for gone shop --timeout 30s
`,
  )
})

t.test('no line of help is wider than a terminal by much, nor ends in a space', async (t) => {
  for (const { name } of commands) {
    const { stdout } = await weft(['help', ...name.split(' ')])
    for (const line of stdout.split('\n')) t.ok(line.length <= 160 && !line.endsWith(' '), `${name}: ${line}`)
  }
})

t.test('what help is not there for', async (t) => {
  t.match(await weft(['help', 'aply']), {
    status: 1,
    stderr: 'error: there is no command "aply"\nhint: did you mean "apply"?\n',
  })
  t.match(await weft(['help', 'get', 'nodes']), { status: 1, stderr: /hint: weft help get/ })
})

t.test('version', async (t) => {
  t.match((await weft(['version'])).stdout, /^weft 1\.2\.3 \(wire weft\.v1, Node \d+/)
  t.match(JSON.parse((await weft(['version', '-o', 'json'])).stdout), { weft: '1.2.3', wire: 'weft.v1' })
})

const hasBash = spawnSync('bash', ['-c', 'complete -p; compgen -W x']).status === 0

t.test('completion for bash', { skip: hasBash ? false : 'no bash with programmable completion' }, async (t) => {
  const { stdout } = await weft(['completion', 'bash'])
  const script = join(t.testdir(), 'weft.bash')
  // Names of VNets come from weft itself: here a function in its place.
  writeFileSync(script, `${stdout}\nweft() { printf 'vnet/shop\\nvnet/store\\n'; }\n`)
  const complete = (...words: string[]): readonly string[] => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const line = `. ${script}; COMP_WORDS=(weft ${list}); COMP_CWORD=${words.length}; _weft; printf '%s\\n' "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', line], { encoding: 'utf8' }).trim().split('\n')
  }
  t.same(complete('de'), ['describe', 'delete'])
  t.same(complete('get', 'l'), ['links'])
  t.same(complete('get', 'nodes', 'st'), ['store'])
  t.same(complete('get', '-o', 'wide', 'nodes', 'sh'), ['shop'])
  t.same(complete('get', '-w', 'no'), ['nodes'])
  t.same(complete('get', '--out'), ['--output'])
  t.same(complete('get', '-o', 'j'), ['json'])
  t.same(complete('wait', '--for', ''), ['ready', 'gone'])
  t.same(complete('host', 'd'), ['describe'])
  t.same(complete('host', 'get', 's'), ['shop', 'store'])
  t.same(complete('--run-dir', '/usr/bi'), ['/usr/bin'])
  t.same(complete('exec', 'r1', '--', 'l'), [''])
  t.match(await weft(['completion', 'fish']), { status: 1, stderr: /no completion for "fish"/ })
})
