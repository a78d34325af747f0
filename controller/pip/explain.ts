export { type Explained, explainPart, explainVersion } from '../mapper/explain.ts'
