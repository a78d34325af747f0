import type { Topology } from './topology.ts'

/** What follows from the substrate and a question alone, found once for each: thousands of requests are mapped on the same one. */
export const byTopology = <T>(find: (topology: Topology, question: string) => T) => {
  const made = new WeakMap<Topology, Map<string, T>>()
  return (topology: Topology, question: string): T => {
    const answers = made.get(topology) ?? new Map<string, T>()
    made.set(topology, answers)
    const known = answers.get(question) ?? find(topology, question)
    answers.set(question, known)
    return known
  }
}
