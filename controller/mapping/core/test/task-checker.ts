/** What is wrong with a mapping of a task, found without any part of the mapper. */
import type { Found, Task } from '../task.ts'

export const problemsOf = (task: Task, { hosts, paths, cost, bound }: Found): readonly string[] => {
  const { net, room, rates, nodes, links, perHost, apart = [] } = task
  const problems: string[] = []
  const wrong = (condition: boolean, text: string): void => {
    if (condition) problems.push(text)
  }
  const at = (node: number): number => hosts[node] ?? -1
  wrong(hosts.length !== nodes.length || paths.length !== links.length, 'something is missing')
  const left = room.map((one) => one.slice())
  const free = rates.slice()
  const count = new Map<number, number>()
  let spent = 0
  for (const [index, { needs, hosts: candidates, prefer }] of nodes.entries()) {
    const host = at(index)
    wrong(!candidates.includes(host), `node ${index} is on ${host}, which is no candidate`)
    count.set(host, (count.get(host) ?? 0) + 1)
    spent += prefer?.[host] ?? 0
    for (const [kind, need] of needs.entries()) {
      const rest = (left[kind]?.[host] ?? 0) - need
      if (left[kind]) left[kind][host] = rest
      wrong(need > 0 && rest < 0, `resource ${kind} of ${host} is overcommitted`)
    }
  }
  for (const [host, many] of count) wrong(many > perHost, `${many} nodes share ${host}`)
  for (const [x, y] of apart) wrong(at(x) === at(y), `nodes ${x} and ${y} share ${at(x)}`)
  for (const [index, link] of links.entries()) {
    const path = paths[index] ?? []
    const { passable, usable } = link
    const [from, to] = [at(link.a), at(link.b)]
    let here = from
    let delay = 0
    for (const [hop, arc] of path.entries()) {
      wrong(net.head[arc ^ 1] !== here, `link ${index} jumps from ${here}`)
      here = net.head[arc] ?? -1
      delay += net.delay[arc >> 1] ?? 0
      wrong(usable?.[arc >> 1] === 0, `link ${index} uses ${arc >> 1}`)
      wrong(hop < path.length - 1 && passable?.[here] === 0, `link ${index} passes ${here}`)
      free[arc] = (free[arc] ?? 0) - link.forward
      free[arc ^ 1] = (free[arc ^ 1] ?? 0) - link.backward
      wrong(link.forward > 0 && (free[arc] ?? 0) < 0, `arc ${arc} is overcommitted`)
      wrong(link.backward > 0 && (free[arc ^ 1] ?? 0) < 0, `arc ${arc ^ 1} is overcommitted`)
    }
    wrong(here !== to, `link ${index} ends at ${here}, not at ${to}`)
    wrong(delay > link.delay, `link ${index} takes ${delay}`)
    wrong(from !== to && (link.endsA?.[from] === 0 || link.endsB?.[to] === 0), `link ${index} may not end there`)
    spent += link.weight * path.length
  }
  wrong(Math.abs(spent - cost) > 1e-6, `it costs ${spent}, not ${cost}`)
  wrong(bound > cost + 1e-6, `no mapping costs less than ${bound}, but this one costs ${cost}`)
  return problems
}
