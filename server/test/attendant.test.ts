import { type Clock, mintRef } from '@anchorleg/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Attendant } from '#server/attendant.js'
import type { Cancel, Canceller } from '#server/canceller.js'
import type { Courier } from '#server/courier.js'
import type { Lookup, Store } from '#server/store/store.js'
import { TelemetryBus } from '#server/telemetry.js'
import type { Watchers } from '#server/watchers.js'

const patience = 30_000
const tenant = 'default'
let now: number
let present: Set<string>
let cancelled: string[]
let attendant: Attendant

beforeEach(async () => {
  vi.useFakeTimers()
  now = 0
  present = new Set()
  cancelled = []
  const clock: Clock = { now: () => now }
  const courier = { has: ({ ref }: Lookup) => present.has(ref) } as Partial<Courier> as Courier
  const watchers = { has: () => false } as Partial<Watchers> as Watchers
  const cancel = async (cancels: readonly Cancel[]) => {
    cancelled.push(...cancels.map(({ ref }) => ref))
    return []
  }
  const canceller = { cancel } as Partial<Canceller> as Canceller
  const store = { attended: async () => [{ tenant, refs: ['from-before'], jobId: '1', attempt: 0, run: 0 }] } as Partial<Store> as Store
  attendant = new Attendant({ store, courier, watchers, canceller, telemetry: new TelemetryBus(), clock }, patience)
  await attendant.start()
})
afterEach(() => {
  attendant.stop()
  vi.useRealTimers()
})

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    now += 1_000
    await vi.advanceTimersByTimeAsync(1_000)
  }
}

test('a job that nobody attends any more is cancelled after the patience, not before', async () => {
  const ref = mintRef()
  present.add('from-before').add(ref)
  attendant.attend({ jobId: '2', tenant, refs: [ref] })
  await pass(120_000)
  present.delete(ref)
  await pass(patience - 4_000)
  expect(cancelled).toEqual([])
  await pass(8_000)
  expect(cancelled).toEqual([ref])
})

test('who comes back in time keeps it', async () => {
  present.add('from-before')
  attendant.attend({ jobId: '2', tenant, refs: ['mine'] })
  await pass(patience - 5_000)
  present.add('mine')
  await pass(5_000)
  present.delete('mine')
  await pass(patience - 5_000)
  expect(cancelled).toEqual([])
})

test('an alias keeps it too', async () => {
  present.add('from-before').add('alias')
  attendant.attend({ jobId: '2', tenant, refs: ['mine'] })
  attendant.alias({ jobId: '2', tenant, refs: ['alias'] })
  await pass(4 * patience)
  expect(cancelled).toEqual([])
})

test('after a start everybody gets as long to come back', async () => {
  await pass(patience - 4_000)
  expect(cancelled).toEqual([])
  await pass(8_000)
  expect(cancelled).toEqual(['from-before'])
})
