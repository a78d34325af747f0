/**
 * The substrate of a lab that was given none, as the file that a PIP's operator would write: a line of three hosts across the United
 * States, so that the outer two reach each other only through the middle one, and, with more hosts, a fabric that joins the others.
 */

interface Place {
  readonly name: string
  readonly city: string
  readonly latitude: number
  readonly longitude: number
}

const places: readonly Place[] = [
  { name: 'west', city: 'Sunnyvale', latitude: 37.37, longitude: -122.04 },
  { name: 'centre', city: 'Kansas City', latitude: 39.1, longitude: -94.58 },
  { name: 'east', city: 'Washington DC', latitude: 38.91, longitude: -77.04 },
  { name: 'north', city: 'Minneapolis', latitude: 44.98, longitude: -93.27 },
  { name: 'south', city: 'Houston', latitude: 29.76, longitude: -95.36 },
  { name: 'northwest', city: 'Seattle', latitude: 47.61, longitude: -122.33 },
  { name: 'southeast', city: 'Atlanta', latitude: 33.75, longitude: -84.39 },
  { name: 'northeast', city: 'New York', latitude: 40.71, longitude: -74.01 },
  { name: 'southwest', city: 'Los Angeles', latitude: 34.05, longitude: -118.24 },
]
const exchange: Place = { name: 'exchange', city: 'Chicago', latitude: 41.85, longitude: -87.65 }

export const mostHosts = 200

/**
 * From which a host's ends of etherip and ipip get their addresses: 254 of 198.18.0.0/15, which is set aside for laboratories (RFC 2544,
 * appendix C.2.2; RFC 6890, table 8).
 */
const tunnelPrefixOf = (index: number): string => `198.18.${index + 1}.0/24`

/** Hosts beyond the named ones stand in the same cities again. */
const placeOf = (index: number): Place => {
  const place = places[index % places.length] ?? exchange
  return index < places.length ? place : { ...place, name: `h${index + 1}` }
}

/** Microseconds one way along the great circle, at two thirds of the speed of light: 5 µs a kilometre. */
const delayMicroseconds = (a: Place, b: Place): number => {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const half = (difference: number): number => Math.sin(radians(difference) / 2) ** 2
  const h =
    half(b.latitude - a.latitude) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * half(b.longitude - a.longitude)
  return 2 * 6371 * Math.asin(Math.sqrt(h)) * 5
}

export interface SubstrateOptions {
  readonly name: string
  /** 1 to 200. */
  readonly hosts: number
  /** Memory that the hosts share, since they are one machine. */
  readonly memoryBytes: number
  /** What a host has of its own instead; undefined where it shares. */
  readonly ownMemoryBytes?: (host: string) => number | undefined
}

/** The text of a substrate file (YAML). */
export const generateSubstrate = ({ name, hosts, memoryBytes, ownMemoryBytes }: SubstrateOptions): string => {
  const declared = Array.from({ length: hosts }, (_, index) => placeOf(index))
  const memoryMiB = (host: string): number => Math.floor((ownMemoryBytes?.(host) ?? memoryBytes / hosts) / 2 ** 20)
  const at = ({ city, latitude, longitude }: Place): string =>
    `location: { name: ${city}, latitude: ${latitude}, longitude: ${longitude} }`
  const link = (a: Place, b: Place, ends: string): string => {
    const delay = (Math.max(delayMicroseconds(a, b), 100) / 1000).toFixed(1)
    return `  - { ends: [${ends}], capacity: 1 Gbit/s, delay: ${delay} ms }`
  }
  const line = declared.slice(0, 3)
  const others = declared.slice(3)
  const hub = line[1] ?? exchange
  const links = [
    ...line.slice(1).map((place, index) => {
      const former = line[index] ?? place
      return link(former, place, `${former.name}/eth${index === 0 ? 1 : 2}, ${place.name}/eth1`)
    }),
    ...(others.length > 0 ? [link(hub, exchange, `${hub.name}/eth3, ${exchange.name}`)] : []),
    ...others.map((place) => link(place, exchange, `${place.name}/eth1, ${exchange.name}`)),
  ]
  return [
    `# ${hosts} host${hosts === 1 ? '' : 's'} on one machine. Their CPUs are the same ones: each may be promised several times.`,
    `name: ${name}`,
    'cpu_overcommit: 16',
    'hosts:',
    ...declared.flatMap((place, index) => [
      `  ${place.name}:`,
      `    ${at(place)}`,
      `    memory: ${memoryMiB(place.name)} MiB`,
      `    tunnel_prefix: ${tunnelPrefixOf(index)}`,
    ]),
    ...(others.length > 0 ? ['fabrics:', `  ${exchange.name}:`, `    ${at(exchange)}`] : []),
    ...(links.length > 0 ? ['links:', ...links] : []),
    '',
  ].join('\n')
}
