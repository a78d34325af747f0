/**
 * What a step half did is taken back when it fails: each thing done pushes how it is undone. After an undo that fails the rest are
 * still tried; the step's own error is the one that is thrown.
 */
export type Undo = () => Promise<unknown>

export const withUndo = async <T>(
  work: (push: (undo: Undo) => void) => Promise<T>,
  problem: (error: unknown) => void = () => {},
): Promise<T> => {
  const undos: Undo[] = []
  try {
    return await work((undo) => undos.push(undo))
  } catch (error) {
    for (const undo of undos.reverse()) await undo().catch(problem)
    throw error
  }
}
