/** What neither FromDevice nor ToDevice does: nobody waits for devices that come and go. */
interface Values {
  readonly ALLOW_NONEXISTENT: boolean
  readonly UP_CALL: string | undefined
  readonly DOWN_CALL: string | undefined
}

export const unsupportedOfDevice = ({ ALLOW_NONEXISTENT, UP_CALL, DOWN_CALL }: Values): string | undefined => {
  if (ALLOW_NONEXISTENT) return 'ALLOW_NONEXISTENT true'
  if (UP_CALL !== undefined) return 'UP_CALL'
  return DOWN_CALL !== undefined ? 'DOWN_CALL' : undefined
}
