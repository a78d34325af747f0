import { readFileSync } from 'node:fs'

/** How a log ends, in one line for an error. Of a log that is gone, or was never written, that it says nothing. */
export const lastWords = (log: string, lines = 4): string => {
  let text = ''
  try {
    text = readFileSync(log, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  return text === '' ? `none in ${log}` : text.split('\n').slice(-lines).join(' | ')
}
