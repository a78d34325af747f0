/**
 * Where a host is, against where a node is wanted.
 */
import type { Location } from '../../proto/generated/weft.v1.ts'

/** Mean radius of the earth (IUGG), in kilometres. */
const earthRadiusKm = 6371.0088

const radians = (degrees: number): number => (degrees * Math.PI) / 180

const hasCoordinates = (
  location: Location | undefined,
): location is Location & { latitude: number; longitude: number } =>
  location?.latitude !== undefined && location.longitude !== undefined

/** Great-circle distance in kilometres (haversine formula); undefined where one of the two has no coordinates. */
export const distanceKm = (from: Location | undefined, to: Location | undefined): number | undefined => {
  if (!hasCoordinates(from) || !hasCoordinates(to)) return undefined
  const half = (degrees: number): number => Math.sin(radians(degrees) / 2) ** 2
  const a =
    half(to.latitude - from.latitude) +
    Math.cos(radians(from.latitude)) * Math.cos(radians(to.latitude)) * half(to.longitude - from.longitude)
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(a)))
}

/** A host at "eu/london" is at "eu" and at "eu/london". */
const isAt = (host: Location | undefined, name: string): boolean =>
  host !== undefined && (host.name === name || host.name.startsWith(`${name}/`))

/** Whether a host's location is right for a wanted one. Coordinates decide where both have them, else names. */
export const isRightPlace = (wanted: Location | undefined, host: Location | undefined): boolean => {
  if (!wanted) return true
  if (!hasCoordinates(wanted)) return wanted.name === '' || isAt(host, wanted.name)
  const distance = distanceKm(wanted, host)
  if (wanted.withinKm === 0 || (distance !== undefined && distance <= wanted.withinKm)) return true
  return distance === undefined && wanted.name !== '' && isAt(host, wanted.name)
}

/** What is preferred among right places, in kilometres: less is better; 0 where nothing is preferred. */
export const remotenessKm = (wanted: Location | undefined, host: Location | undefined): number => {
  if (!hasCoordinates(wanted)) return 0
  const distance = distanceKm(wanted, host)
  if (distance !== undefined) return distance
  return wanted.name !== '' && isAt(host, wanted.name) ? 0 : Number.POSITIVE_INFINITY
}

/** For messages. */
export const placeText = (location: Location | undefined): string => {
  if (!hasCoordinates(location)) return location?.name || 'nowhere'
  const coordinates = `${location.latitude}, ${location.longitude}`
  return location.name ? `${location.name} (${coordinates})` : coordinates
}
