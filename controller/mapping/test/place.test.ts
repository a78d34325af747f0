import t from 'tap'
import { create } from '../../../proto/codec.ts'
import { distanceKm, isRightPlace, placeText, remotenessKm } from '../place.ts'

const place = (name: string, latitude?: number, longitude?: number, withinKm = 0) =>
  create('Location', { name, withinKm, ...(latitude !== undefined && { latitude, longitude }) })
const london = place('eu/london', 51.5074, -0.1278)
const unplaced = place('eu/london')

t.test('great-circle distances are those of the atlas', async (t) => {
  const within = (x: number | undefined, expected: number) =>
    t.ok(Math.abs((x ?? 0) - expected) < 5, `${x} is near ${expected}`)
  within(distanceKm(london, place('', 48.8566, 2.3522)), 344)
  within(distanceKm(place('', 47.6062, -122.3321), place('', 40.7128, -74.006)), 3866)
  within(distanceKm(place('', 0, 179.5), place('', 0, -179.5)), 111)
  within(distanceKm(place('', 0, 0), place('', 0, 180)), 20015)
  t.equal(distanceKm(london, unplaced), undefined)
})

t.test('a name is a place and all places below it', async (t) => {
  t.equal(isRightPlace(place('eu'), london), true)
  t.equal(isRightPlace(place('eu/london'), london), true)
  t.equal(isRightPlace(place('eu/lon'), london), false)
  t.equal(isRightPlace(place('eu/london/docks'), london), false)
  t.equal(isRightPlace(place('eu'), undefined), false)
  t.equal(isRightPlace(undefined, undefined), true)
  t.equal(isRightPlace(place(''), undefined), true)
})

t.test('coordinates decide before names', async (t) => {
  t.equal(isRightPlace(place('Paris', 48.8566, 2.3522, 400), london), true)
  t.equal(isRightPlace(place('eu/london', 48.8566, 2.3522, 300), london), false)
  t.equal(isRightPlace(place('eu/london', 48.8566, 2.3522, 300), unplaced), true, 'but of a host without coordinates')
  t.equal(isRightPlace(place('Paris', 48.8566, 2.3522, 300), unplaced), false)
  t.equal(isRightPlace(place('Paris', 48.8566, 2.3522), undefined), true, 'any, nearer is better')
  t.equal(isRightPlace(place('', 0, 0, 1), place('', 0, 0.001)), true, 'zero is a coordinate')
})

t.test('nearer is better where coordinates are asked for', async (t) => {
  t.equal(remotenessKm(place('eu'), london), 0)
  t.equal(remotenessKm(london, london), 0)
  t.equal(remotenessKm(place('Paris', 48.8566, 2.3522), unplaced), Number.POSITIVE_INFINITY)
  t.equal(remotenessKm(london, unplaced), 0)
})

t.test('a place is told as people write it', async (t) => {
  t.equal(placeText(london), 'eu/london (51.5074, -0.1278)')
  t.equal(placeText(place('', 1, 2)), '1, 2')
  t.equal(placeText(undefined), 'nowhere')
})
