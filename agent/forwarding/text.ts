/**
 * Pure: the router that forwards in Dom0 for a node (consolidated forwarding). It stands where the links' frames leave Dom0 for the node: what is to be
 * forwarded is sent into the interface that the node would have sent it by, as if the node had; everything else goes on to the node.
 *
 *     link -> [vif1.0 -> routes -> neighbours ->] vif1.1 -> link        the node sees none of it
 *
 * To the node goes what is for itself, what is no plain IPv4, what it would have to answer for (TTL, MTU, no route), and what its own neighbour table does
 * not know yet: so the node asks, and keeps the table as if it forwarded itself.
 */

/** As a slice's nodes ask for it. */
export const forwardingMode = 'host'

export interface ForwardingInterface {
  /** Of the node: Y of vifX.Y. */
  readonly index: number
  readonly vif: { readonly name: string; readonly index: number }
  /** In the node. */
  readonly mac: string
  readonly mtu: number
}

const hex = (mac: string): string => mac.toLowerCase().replaceAll(':', '')

/** Names of elements whose handlers the agent writes. */
export const routesElement = 'routes'
export const neighboursElement = (index: number): string => `near${index}`
/** Output of the routes that stands for the node itself; of an interface its position is one more. */
export const nodeOutput = 0
export const outputOf = (position: number): number => position + 1

export const forwardingText = (node: string, interfaces: readonly ForwardingInterface[]): string => {
  const lines = interfaces.map(({ index, vif, mac, mtu }, position) => {
    const output = outputOf(position)
    return `
// ${node}.${index}
FromHost(${vif.name}) -> in${index} :: Classifier(0/${hex(mac)} 12/0800, -) -> Paint(${position}) -> forward; // interface ${vif.index}
in${index}[1] -> pass${index} :: Queue -> ToDevice(${vif.name});
${position === 0 ? 'back' : `own${position - 1}[1]`} -> own${position} :: CheckPaint(${position}) -> pass${index};
routes[${output}] -> fits${index} :: FitsMTU(${mtu}) -> ${neighboursElement(index)} :: EtherNeighbours
    -> Strip(14) -> DecIPTTL -> Unstrip(14) -> forwarded${index} :: Counter -> ToIngress(${vif.name});
fits${index}[1] -> back; ${neighboursElement(index)}[1] -> back;
`
  })
  return `// What comes for ${node}: forwarded here by the node's own routes and neighbours, which the agent keeps in the tables; all else goes to the node.
forward :: Null -> Strip(14) -> plain :: Classifier(0/45, -) -> right :: CheckIPHeader -> alive :: IPClassifier(ip ttl > 1, -)
    -> GetIPAddress(16) -> routes :: RadixIPLookup(0.0.0.0/0 ${nodeOutput});
back :: Unstrip(14);
plain[1] -> back; right[1] -> back; alive[1] -> back; routes[${nodeOutput}] -> back;
${lines.join('')}`
}
