import { quantile } from './measure.js'
import type { Mark } from './programs/marks.js'

/** Whose marks they are. */
export type Marks = Readonly<Record<'client' | 'hub' | 'store' | 'worker', readonly Mark[]>>

/** A room of the house, and the mark with which a job leaves it. */
interface Room {
  readonly name: string
  readonly who: keyof Marks
  readonly until: string
}

/** Where one job is on its way to its result, in order. */
const rooms: readonly Room[] = [
  { name: 'client: make, check and seal the job, write it', who: 'client', until: 'out submit' },
  { name: 'loopback, until the hub reads it', who: 'hub', until: 'in submit' },
  { name: 'hub: gate, intake, until the store is asked', who: 'hub', until: 'ask insert' },
  { name: 'to the store’s thread', who: 'store', until: 'heard' },
  { name: 'store: insert and claim', who: 'store', until: 'commit' },
  { name: 'store: commit, in the log', who: 'store', until: 'committed' },
  // It does not wait for the disk: that is synced on its way to the worker and back.
  { name: 'back from the store’s thread', who: 'hub', until: 'answered' },
  { name: 'hub: dispatcher, until it is written to the worker', who: 'hub', until: 'out perform' },
  { name: 'loopback, until the worker reads it', who: 'worker', until: 'in perform' },
  { name: 'worker: keep the lease, open and check the args', who: 'worker', until: 'handler' },
  { name: 'worker: handler, check and seal the result, write it', who: 'worker', until: 'out settle' },
  { name: 'loopback, until the hub reads it', who: 'hub', until: 'in settle' },
  { name: 'hub: gate, settler, until the store is asked', who: 'hub', until: 'ask settle' },
  { name: 'to the store’s thread', who: 'store', until: 'heard' },
  { name: 'store: settle', who: 'store', until: 'commit' },
  { name: 'store: commit, in the log', who: 'store', until: 'committed' },
  { name: 'store: sync, on the disk', who: 'store', until: 'synced' },
  { name: 'back from the store’s thread', who: 'hub', until: 'answered' },
  { name: 'hub: herald, courier, until the outcome is written', who: 'hub', until: 'out outcomes' },
  { name: 'loopback, until the client reads it', who: 'client', until: 'in outcomes' },
  { name: 'client: open the result, resolve', who: 'client', until: 'resolved' },
]

/** Median µs in each room over all round trips, and of the whole. A room that no job was seen to leave is part of the next. */
export interface TripRooms {
  readonly trips: number
  readonly whole: number
  readonly rooms: readonly { readonly name: string; readonly who: string; readonly micros: number }[]
}

/** Follows each job from its call through the marks of all processes to its result, each room from the end of the one before. */
export function tripRooms(marks: Marks): TripRooms {
  const next = { client: 0, hub: 0, store: 0, worker: 0 }
  /** The first such mark from then on and up to an end; it and those before it are past. */
  const find = ({ who, until }: Room, from: number, end: number): number | undefined => {
    const own = marks[who]
    let i = next[who]
    while (i < own.length && (own[i] as Mark).at < from) i++
    next[who] = i
    for (; i < own.length && (own[i] as Mark).at <= end; i++) {
      if (own[i]?.what !== until) continue
      next[who] = i + 1
      return (own[i] as Mark).at
    }
    return undefined
  }
  const took: number[][] = rooms.map(() => [])
  const whole: number[] = []
  const ends = marks.client.filter(({ what }) => what === 'resolved').map(({ at }) => at)
  for (const [trip, { at: start }] of marks.client.filter(({ what }) => what === 'called').entries()) {
    const end = ends[trip]
    if (end === undefined) break
    whole.push(end - start)
    let from = start
    for (const [i, room] of rooms.entries()) {
      const at = find(room, from, end)
      if (at === undefined) continue
      took[i]?.push(at - from)
      from = at
    }
  }
  const medians = rooms.map(({ name, who }, i) => ({ name, who, micros: quantile(took[i] ?? [], 0.5) }))
  return { trips: whole.length, whole: quantile(whole, 0.5), rooms: medians.filter(({ micros }) => Number.isFinite(micros)) }
}
