/** Exit statuses, the same in docs/cli.md. */
export const exit = {
  ok: 0,
  /** Something failed, was refused or was typed wrongly. */
  error: 1,
  /** `plan`: apply would change something. */
  changes: 2,
  /** `apply`: kept, but it does not fit now. */
  postponed: 3,
  /** --timeout passed. */
  timeout: 124,
  /** `exec`: weft itself failed; any other status is the command's own. */
  execFailed: 125,
  /** Ctrl-C. */
  interrupted: 130,
  /** Whoever read our output went: what a shell shows for SIGPIPE. */
  pipe: 141,
} as const
