import { expect, it } from 'vitest'
import { tripRooms } from '#e2e/bench/tripRooms.js'

const at = (time: number, what: string) => ({ at: time, what })

it('gives each room the time since the one before, and a room whose end was not seen to the next', () => {
  const client = [at(10, 'called'), at(12, 'out submit'), at(90, 'in outcomes'), at(100, 'resolved')]
  const hub = [at(5, 'in submit'), at(20, 'in submit'), at(25, 'ask insert'), at(60, 'answered'), at(300, 'out perform')]
  const store = [at(1, 'committed'), at(30, 'heard'), at(50, 'committed')]
  const { trips, whole, rooms } = tripRooms({ client, hub, store, worker: [] })
  expect([trips, whole]).toEqual([1, 90])
  expect(rooms.map(({ who, micros }) => [who, micros])).toEqual([
    ['client', 2],
    ['hub', 8],
    ['hub', 5],
    ['store', 5],
    ['store', 20],
    ['hub', 10],
    ['client', 30],
    ['client', 10],
  ])
})

it('takes the median over trips, and leaves out one that has not ended', () => {
  const client = [at(0, 'called'), at(1, 'resolved'), at(10, 'called'), at(15, 'resolved'), at(20, 'called'), at(23, 'resolved'), at(30, 'called')]
  expect(tripRooms({ client, hub: [], store: [], worker: [] })).toMatchObject({ trips: 3, whole: 3, rooms: [{ micros: 3 }] })
})
