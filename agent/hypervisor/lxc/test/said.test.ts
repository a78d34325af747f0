import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { containerEnd } from '../said.ts'

const ended = { name: 'weft-1', uuid: '1', id: -1, state: 5, reason: 1, persistent: true }

const control = async (t: Test): Promise<string> => {
  const directory = t.testdir()
  await mkdir(join(directory, 'said'))
  return directory
}

t.test('the last word of process 1 says how it ended', async (t) => {
  const directory = await control(t)
  const says = async (word: string): Promise<string> => {
    await writeFile(join(directory, 'said/end'), word)
    return (await containerEnd(directory, ended)).how
  }
  t.equal(await says('power-off\n'), 'stopped')
  t.equal(await says('halt\n'), 'stopped')
  t.equal(await says('TERM\n'), 'stopped')
  t.equal(await says('reboot\n'), 'rebooted')
  for (const other of ['', 'toString', 'constructor', 'x'.repeat(100_000)]) t.equal(await says(other), 'crashed')
})

t.test('one without a last word was killed, unless libvirt did it', async (t) => {
  const directory = await control(t)
  t.match(await containerEnd(directory, ended), { how: 'crashed', reason: 'its process 1 was killed' })
  t.match(await containerEnd(directory, { ...ended, reason: 2 }), { how: 'stopped' })
})

t.test(
  'one that libvirt could not start again after reboot(2) has rebooted, unless it left another word',
  async (t) => {
    const directory = await control(t)
    t.match(await containerEnd(directory, { ...ended, reason: 6 }), { how: 'rebooted' })
    t.match(
      await containerEnd(directory, { ...ended, id: 7, state: 1, reason: 6 }),
      { how: 'crashed' },
      'it is called running',
    )
    await writeFile(join(directory, 'said/end'), 'halt\n')
    t.match(await containerEnd(directory, { ...ended, reason: 6 }), { how: 'stopped' })
  },
)

t.test('what a guest puts in its place leads nowhere', async (t) => {
  const linked = await control(t)
  await writeFile(join(linked, 'elsewhere'), 'power-off\n')
  await symlink(join(linked, 'elsewhere'), join(linked, 'said/end'))
  t.match(await containerEnd(linked, ended), { how: 'crashed' })

  const piped = join(linked, 'piped')
  await mkdir(join(piped, 'said'), { recursive: true })
  execFileSync('mkfifo', [join(piped, 'said/end')])
  t.match(await containerEnd(piped, ended), { how: 'crashed' }, 'nor waits for a writer')

  const nested = join(linked, 'nested')
  await mkdir(join(nested, 'said/end'), { recursive: true })
  t.match(await containerEnd(nested, ended), { how: 'crashed' })
})
