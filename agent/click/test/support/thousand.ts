/** A configuration of 1,000 elements: a tree of Classifiers, and behind each of its leaves a chain that counts, paints, checks and filters. */

const depth = 5
const chainLength = 29

const chain = (leaf: number): string =>
  Array.from({ length: chainLength }, (_, i) => {
    const kinds = [
      'Counter',
      `Paint(${leaf})`,
      'CheckIPHeader(OFFSET 14)',
      `IPFilter(allow tcp && dst port ${1000 + i}, allow udp && src net 10.${leaf}.0.0/16, deny icmp type echo, allow all)`,
      `SetIPDSCP(${leaf})`,
      `Classifier(12/0800 !30/${i.toString(16).padStart(2, '0')}%3f)`,
      `CheckPaint(${leaf})`,
    ]
    return `e${leaf}_${i} :: ${kinds[i % kinds.length]}`
  }).join(' -> ')

/** Sorts by a bit of the source address at each level. */
const tree = (level: number, node: number): string => {
  if (level === depth) return `t${level}_${node} :: Null -> ${chain(node)} -> out;`
  const bit = (1 << (7 - level)).toString(16).padStart(2, '0')
  return `t${level}_${node} :: Classifier(26/00%${bit}, -);
    ${tree(level + 1, 2 * node)} ${tree(level + 1, 2 * node + 1)}
    t${level}_${node}[0] -> t${level + 1}_${2 * node}; t${level}_${node}[1] -> t${level + 1}_${2 * node + 1};`
}

export const thousandElements = `out :: Queue -> ToDevice(out); ${tree(0, 0)}
  FromDevice(in) -> t0_0;`
