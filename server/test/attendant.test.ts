import { type Clock, mintRef } from '@anchorleg/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Attendant } from '#server/attendant.js'
import type { Cancel, Canceller } from '#server/canceller.js'
import type { Courier } from '#server/courier.js'
import { type Lookup, type Store, StoreUnavailable } from '#server/store/store.js'
import { TelemetryBus } from '#server/telemetry.js'
import type { Watchers } from '#server/watchers.js'

const patience = 30_000
const tenant = 'default'
let now: number
let present: Set<string>
/** What the store has of each job that asks for it: when somebody was last attached. */
let attendedAt: Map<string, number>
let asked: string[]
let cancelled: string[]
let away: boolean
let attendant: Attendant

beforeEach(() => {
  vi.useFakeTimers()
  now = 0
  present = new Set()
  attendedAt = new Map()
  asked = []
  cancelled = []
  away = false
  const clock: Clock = { now: () => now }
  const lookups = () => [...present].map((ref) => ({ tenant, ref }))
  const cancel = async (cancels: readonly Cancel[]) => {
    for (const { ref } of cancels) attendedAt.delete(ref)
    cancelled.push(...cancels.map(({ ref }) => ref))
    return []
  }
  const rooms = {
    store: { attend, abandoned } as Partial<Store> as Store,
    courier: { lookups } as Partial<Courier> as Courier,
    watchers: { lookups: () => [] as Lookup[] } as Partial<Watchers> as Watchers,
    canceller: { cancel } as Partial<Canceller> as Canceller,
  }
  attendant = new Attendant({ ...rooms, telemetry: new TelemetryBus(), clock }, patience)
  attendant.start()
})
afterEach(() => {
  attendant.stop()
  vi.useRealTimers()
})

async function attend(lookups: readonly Lookup[]): Promise<boolean[]> {
  if (away) throw new StoreUnavailable('away')
  return lookups.map(({ ref }) => {
    asked.push(ref)
    if (attendedAt.has(ref)) attendedAt.set(ref, now)
    return attendedAt.has(ref)
  })
}

async function abandoned(patienceMs: number): Promise<Lookup[]> {
  return [...attendedAt].filter(([, at]) => at <= now - patienceMs).map(([ref]) => ({ tenant, ref }))
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    now += 1_000
    await vi.advanceTimersByTimeAsync(1_000)
  }
}

function aStoredJob(): string {
  const ref = mintRef()
  attendedAt.set(ref, now)
  return ref
}

test('a job that nobody attends any more is cancelled after the patience, not before', async () => {
  const ref = aStoredJob()
  present.add(ref)
  await pass(120_000)
  present.delete(ref)
  await pass(patience - 4_000)
  expect(cancelled).toEqual([])
  await pass(8_000)
  expect(cancelled).toEqual([ref])
})

test('who comes back in time keeps it', async () => {
  await pass(120_000)
  const ref = aStoredJob()
  await pass(patience - 5_000)
  present.add(ref)
  await pass(5_000)
  present.delete(ref)
  await pass(patience - 5_000)
  expect(cancelled).toEqual([])
})

test('who is attached when it looks is noted first', async () => {
  await pass(120_000)
  const ref = aStoredJob()
  await pass(patience - 1_000)
  present.add(ref)
  await pass(patience)
  expect(cancelled).toEqual([])
})

test('who has only shown interest keeps it for as long', async () => {
  await pass(120_000)
  const ref = aStoredJob()
  await pass(patience - 5_000)
  attendant.see({ tenant, ref })
  await pass(patience - 5_000)
  expect(cancelled).toEqual([])
  await pass(10_000)
  expect(cancelled).toEqual([ref])
})

test('after a start everybody gets as long to come back', async () => {
  const ref = aStoredJob()
  attendedAt.set(ref, -patience)
  await pass(patience - 4_000)
  expect(cancelled).toEqual([])
  await pass(8_000)
  expect(cancelled).toEqual([ref])
})

test('so does everybody after a time without the store', async () => {
  const ref = aStoredJob()
  present.add(ref)
  away = true
  await pass(2 * patience)
  away = false
  present.delete(ref)
  await pass(patience - 4_000)
  expect(cancelled).toEqual([])
  await pass(8_000)
  expect(cancelled).toEqual([ref])
})

test('a job that does not ask for it is asked about once', async () => {
  const [plain, ours] = [mintRef(), aStoredJob()]
  present.add(plain).add(ours)
  await pass(60_000)
  expect(asked.filter((ref) => ref === plain)).toHaveLength(1)
  expect(asked.filter((ref) => ref === ours).length).toBeGreaterThan(4)
})
