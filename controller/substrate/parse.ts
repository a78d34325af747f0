import { WeftError } from '../../proto/errors.ts'
import type { DeclaredSubstrate } from './substrate.ts'

/** Throws the first of `readSubstrate`'s errors. */
export const parseSubstrate = (text: string, file: string): DeclaredSubstrate => {
  const { substrate, errors } = readSubstrate(text, file)
  if (!substrate) throw errors[0] ?? new WeftError('substrate.invalid', `${file} declares nothing`)
  return substrate
}

/** The substrate, or every error found in the file: substrate.invalid with where (file:line) and hint. */
export const readSubstrate = (
  _text: string,
  _file: string,
): { readonly substrate?: DeclaredSubstrate; readonly errors: readonly WeftError[] } => {
  throw new WeftError('internal', 'the substrate file is not read yet')
}
