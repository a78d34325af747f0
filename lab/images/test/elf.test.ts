import { readFileSync } from 'node:fs'
import t from 'tap'
import { needsOf } from '../elf.ts'

t.test('a program names its loader and its libraries', async (t) => {
  const needs = needsOf(readFileSync('/bin/sh'))
  t.match(String(needs?.interpreter), /^\/.*ld.*\.so/)
  t.ok(needs?.libraries.some((name) => name.startsWith('libc.')))
})

t.test('what is no such file needs nothing that is known', async (t) => {
  t.equal(needsOf(Buffer.from('#!/bin/sh\n')), undefined)
  t.equal(needsOf(Buffer.alloc(0)), undefined)
  const short = Buffer.alloc(64)
  short.write('\x7fELF\x01\x01', 0, 'latin1')
  t.equal(needsOf(short), undefined, 'of 32 bits')
})
