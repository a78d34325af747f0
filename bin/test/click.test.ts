import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runProgram } from '../../controller/cli/program.ts'
import { typed } from '../../controller/cli/test/support.ts'
import { temporaryDirectory } from '../../proto/test/temporary.ts'
import { commands } from '../commands.ts'

interface Options {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
}

const weftClick = async (argv: readonly string[], { stdin = '', env = {} }: Options = {}) => {
  const taken = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string | Uint8Array) => {
      taken[name] += typeof text === 'string' ? text : Buffer.from(text).toString('latin1')
    },
  })
  const status = await runProgram(['click', ...argv], commands, {
    stdin: typed(stdin, false),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env,
    version: '1.2.3',
  })
  return { status, ...taken }
}

const compound = 'Idle -> { input -> Null -> output } -> Discard'

const flatText = (file: string) => `# 1 "${file}"
Idle@1 :: Idle;
# 1 "${file}"
Discard@3 :: Discard;
# 1 "${file}"
@2/Null@1 :: Null;
# 8 ""
Idle@1 -> @2/Null@1
    -> Discard@3;
`

t.test('flatten takes a file, stdin and an expression', async (t) => {
  const file = join(temporaryDirectory(t), 'a.click')
  writeFileSync(file, compound)
  t.same(await weftClick(['flatten', file]), { status: 0, stdout: flatText(file), stderr: '' })
  for (const argv of [['flatten'], ['flatten', '-']]) {
    t.same(await weftClick(argv, { stdin: compound }), { status: 0, stdout: flatText('<stdin>'), stderr: '' })
  }
  t.same(await weftClick(['flatten', '-e', compound]), { status: 0, stdout: flatText('config'), stderr: '' })
  const { stdout } = await weftClick(['flatten', '--plain', '-e', compound])
  t.equal(stdout, flatText('').replace(/^#.*\n/gm, ''))
})

t.test('what was flattened flattens to itself', async (t) => {
  t.equal((await weftClick(['flatten', '-'], { stdin: flatText('a b.click') })).stdout, flatText('a b.click'))
})

t.test('bytes go through as they are', async (t) => {
  const file = join(temporaryDirectory(t), 'bytes.click')
  writeFileSync(file, Buffer.from('A("\xff\x80\xc3\xa4")', 'latin1'))
  t.match((await weftClick(['flatten', file])).stdout, 'A("\xff\x80\xc3\xa4");')
})

t.test('variables stay, or are put in', async (t) => {
  const text = 'define($a 1); Idle -> Paint($a) -> Paint($b) -> Discard'
  t.match((await weftClick(['flatten', '-e', text])).stdout, /^define\(\$a 1\);[\s\S]*Paint\(\$a\)[\s\S]*Paint\(\$b\)/)
  const { stdout } = await weftClick(['flatten', '-e', text, '--expand-variables', '-D', 'b=2', '-D', 'a=3'])
  t.match(stdout, /Paint\(3\)[\s\S]*Paint\(2\)/)
  t.match(await weftClick(['check', '-e', text, '-D', 'b=300']), {
    status: 1,
    stderr: /COLOR: out of range, bound 255/,
  })
  t.match(await weftClick(['check', '-e', text, '-D', 'b']), { status: 1, stderr: /NAME=VALUE/ })
})

t.test('check says what is wrong on stderr', async (t) => {
  t.same(await weftClick(['check', '-e', compound]), { status: 0, stdout: '', stderr: '' })
  t.same(await weftClick(['check'], { stdin: '\nFromDevice(a) -> t :: ToDevice(a)' }), {
    status: 1,
    stdout: '',
    stderr: "<stdin>:2: 'FromDevice@1 :: FromDevice' push output 0 connected to 't :: ToDevice' pull input 0\n",
  })
  const { stderr } = await weftClick(['check', '-e', 'Idle -> \x1b[31m -> Discard'])
  t.notOk(stderr.includes('\x1b'), 'and nothing that a terminal would obey')
})

t.test('check says what the compiler will not take', async (t) => {
  const counter = 'FromDevice(a, METHOD LINUX, BURST 8) ->\n c :: Counter(COUNT_CALL 5 c.reset) -> Discard'
  t.same(await weftClick(['check', '-e', counter]), {
    status: 1,
    stdout: '',
    stderr: "config:2: 'c :: Counter': COUNT_CALL not supported\n",
  })
  t.match(await weftClick(['check', '-e', 'FromDevice(a) -> DecIPTTL -> Discard']), {
    status: 0,
    stderr: /^config:1: warning: DecIPTTL@2 :: DecIPTTL: .* not supported\n$/,
  })
})

t.test('flatten and graph print nothing of what is wrong', async (t) => {
  for (const command of ['flatten', 'graph']) {
    t.match(await weftClick([command, '-e', 'Idle -> ;']), {
      status: 1,
      stdout: '',
      stderr: "config:1: syntax error near ';'\n",
    })
  }
})

t.test('graph draws', async (t) => {
  t.match((await weftClick(['graph', '-e', compound])).stdout, /^digraph click \{\n[\s\S]*n0 -> n2;/)
  t.match((await weftClick(['graph', '-o', 'mermaid', '-e', compound])).stdout, /^flowchart LR\n[\s\S]*n0 --> n2\n/)
})

t.test('elements lists classes, and says all of one', async (t) => {
  t.match(
    (await weftClick(['elements'])).stdout,
    /^NAME +PORTS +PROCESSING +OF +SUMMARY\n[\s\S]*\nQueue +1\/1-2 +h\/lh +click +where push becomes pull\n[\s\S]*\nVXLANEncap +1\/1 +a\/a +weft +puts /,
  )
  const { stdout } = await weftClick(['elements', 'Paint'])
  t.match(stdout, /^name: +Paint\n[\s\S]*\nCOLOR +integer 0-255 +by place or name, always[\s\S]*\ncolor +read,write/)
  const all = JSON.parse((await weftClick(['elements', '--json'])).stdout)
  t.match(
    all.find(({ name }: { name: string }) => name === 'Queue'),
    {
      ports: '1/1-2',
      processing: 'h/lh',
      arguments: [{ name: 'CAPACITY', positional: true, mandatory: false, default: '1000' }],
      handlers: [{ name: 'length', read: true, write: false }],
      engines: ['ebpf'],
    },
  )
  t.same(JSON.parse((await weftClick(['elements', '--json', 'Queue'])).stdout).name, 'Queue')
  t.match(await weftClick(['elements', 'Pant']), { status: 1, stderr: /unknown element class 'Pant'[\s\S]*Paint/ })
  t.match(await weftClick(['elements', 'Print']), { status: 1, stderr: /not supported/ })
})

t.test('libraries stand beside the file, or where CLICKPATH says', async (t) => {
  const directory = temporaryDirectory(t)
  mkdirSync(join(directory, 'conf'))
  const file = join(directory, 'a.click')
  writeFileSync(file, 'require(library b.click); Idle -> B -> Discard')
  t.match(await weftClick(['check', file]), { status: 1, stderr: /library 'b.click' not found/ })
  writeFileSync(join(directory, 'conf', 'b.click'), 'elementclass B Null;')
  t.match(await weftClick(['check', file], { env: { CLICKPATH: `/nowhere:${directory}` } }), { status: 0 })
  writeFileSync(join(directory, 'b.click'), 'elementclass B Nonsense;')
  t.match(await weftClick(['check', file]), { status: 1, stderr: `${join(directory, 'b.click')}:1: unknown` })
})

t.test('what cannot be read is said', async (t) => {
  t.match(await weftClick(['check', '/nowhere/a.click']), { status: 1, stderr: /cannot read .*there is no such file/ })
  t.match(await weftClick(['check', '/']), { status: 1, stderr: /it is a directory/ })
  t.match(await weftClick(['check', 'a', '-e', 'b']), { status: 1, stderr: /specified twice/ })
})
