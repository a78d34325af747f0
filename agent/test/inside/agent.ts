/** The agent as a process in a virtual host, for tests: its options as JSON. */
import { runAgent } from '../../main.ts'

await runAgent(JSON.parse(process.argv[2] ?? '{}'))
