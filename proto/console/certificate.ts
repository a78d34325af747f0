/**
 * The key and certificate that a role's consoles are served with: made once, by openssl(1), and kept. Nobody vouches for it: whoever connects
 * was told its fingerprint by the role that handed out the token, and pins it.
 */
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { WeftError } from '../errors.ts'

export interface ConsoleCertificate {
  /** Private key and certificate, one after the other. */
  readonly pem: string
  /** As fingerprintOf. */
  readonly fingerprint: string
}

/** SHA-256 of a certificate, in hexadecimal, lower case, without colons. */
export const fingerprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase()

/** A certificate that ends makes trouble on the day it does; the fingerprint is what is checked. */
const days = 36_500

const make = async (): Promise<string> => {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const where = ['-keyout', '-']
  const argv = ['req', '-x509', ...curve, ...where, '-days', `${days}`, '-subj', '/CN=weft console']
  try {
    return (await promisify(execFile)('openssl', argv, { timeout: 60_000 })).stdout
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const reason = code === 'ENOENT' ? 'openssl is not installed' : message
    throw new WeftError('not-supported', `no certificate for consoles can be made: ${reason}`, { cause })
  }
}

const parse = (pem: string): ConsoleCertificate => ({ pem, fingerprint: fingerprintOf(new X509Certificate(pem)) })

const read = async (file: string): Promise<ConsoleCertificate | undefined> => {
  try {
    return parse(await readFile(file, 'utf8'))
  } catch {
    // Not there, or cut off by a loss of power: made anew, tokens with the old fingerprint do not outlive the process anyway.
    return undefined
  }
}

/** The one of `directory`, made where there is none. Throws not-supported. */
export const keptCertificate = async (directory: string): Promise<ConsoleCertificate> => {
  const file = join(directory, 'console.pem')
  const kept = await read(file)
  if (kept) return kept
  const made = parse(await make())
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unfinished = `${file}.${process.pid}`
  await writeFile(unfinished, made.pem, { mode: 0o600 })
  await chmod(unfinished, 0o600)
  await rename(unfinished, file)
  return made
}
