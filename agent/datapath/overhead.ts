/** What a link technology adds to a guest's packet: see proto/technologies.ts. */
export { overheadBytes } from '../../proto/technologies.ts'
