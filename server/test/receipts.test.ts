import { type Assignment, type Lease, mintLease, systemClock } from '@anchorleg/shared'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Dispatcher } from '#server/dispatcher.js'
import { Herald } from '#server/herald.js'
import { LocalNotifier } from '#server/notifier/localNotifier.js'
import { Receipts } from '#server/receipts.js'
import { freeSlots, Roster, type WorkerSession } from '#server/roster.js'
import type { Store } from '#server/store/store.js'
import { type Telemetry, TelemetryBus } from '#server/telemetry.js'
import { workerSession } from './workerSession.js'

/** How long an acknowledgement may take, and how much later it may be noticed, in ms. */
const patience = 2_000
const beat = 500

let released: string[]
let isAway: boolean
let told: Telemetry[]
let roster: Roster
let receipts: Receipts
let fills: number

beforeEach(() => {
  vi.useFakeTimers()
  released = []
  isAway = false
  told = []
  fills = 0
  furnish()
})
afterEach(() => {
  receipts.stop()
  vi.useRealTimers()
})

function furnish(leaseMs = 15_000): void {
  const release = async (leases: readonly Lease[]) => {
    if (isAway) throw new Error('away')
    released.push(...leases.map(({ jobId }) => jobId))
    return leases.map(({ jobId }) => ({ jobId, queue: 'default', name: 'double', attempt: 0 }))
  }
  const store = { release } as Partial<Store> as Store
  const [telemetry, notifier] = [new TelemetryBus(), new LocalNotifier()]
  telemetry.subscribe((event) => told.push(event))
  roster = new Roster()
  const herald = new Herald({ notifier, telemetry })
  const dispatcher = new Dispatcher({ roster, store, notifier, herald, telemetry, clock: systemClock })
  dispatcher.fill = () => {
    fills += 1
  }
  receipts = new Receipts({ store, roster, dispatcher, notifier, herald, telemetry }, leaseMs)
}

function join(): WorkerSession & { lost: string[] } {
  const lost: string[] = []
  const tell = { lost: (leases: Lease[]) => void lost.push(...leases.map(({ jobId }) => jobId)) }
  const session = { ...workerSession({ id: mintLease(), slots: { default: 10 }, tell }), lost }
  roster.join(session)
  return session
}

/** Sends these jobs to a worker in one message; gives what acknowledges it. */
function send(session: WorkerSession, jobIds: string[], args = '[1]'): () => void {
  const common = { name: 'double', queue: 'default', attempt: 1, maxAttempts: 20, scheduledAt: 0, meta: {}, codec: 'd6', args }
  const assignments = jobIds.map((jobId): Assignment => ({ ...common, jobId, lease: mintLease() }))
  for (const assignment of assignments) roster.hold(session, assignment, 'default')
  return receipts.expect(session, assignments)
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('jobs that are acknowledged stay where they are, and then nothing beats', async () => {
  const worker = join()
  const acknowledge = send(worker, ['1', '2'])
  await pass(patience - beat)
  expect(receipts.idle).toBe(false)
  acknowledge()
  await pass(10 * patience)
  expect([released, worker.overdue, receipts.idle, vi.getTimerCount()]).toEqual([[], false, true, 0])
})

test('jobs that are not are given back after two seconds; their worker is told that it lost them, and has free slots that get nothing', async () => {
  const [worker, other] = [join(), join()]
  send(worker, ['1', '2'])
  send(other, ['3'])()
  await pass(patience)
  expect(released).toEqual([])
  await pass(beat)
  expect([released, worker.lost, other.lost]).toEqual([['1', '2'], ['1', '2'], []])
  expect([worker.held.size, freeSlots(worker, 'default'), freeSlots(other, 'default')]).toEqual([0, 0, 9])
  expect(told.map(({ type }) => type)).toEqual(['worker.overdue', 'job.available', 'job.available'])
  expect([fills, receipts.idle]).toEqual([1, true])
})

test('all that such a worker was sent is given back together, and it gets jobs again once it has acknowledged all of it', async () => {
  const worker = join()
  const acknowledge = [send(worker, ['1'])]
  await pass(patience)
  acknowledge.push(send(worker, ['2']))
  await pass(beat)
  expect(released).toEqual(['1', '2'])
  acknowledge[0]?.()
  expect([worker.overdue, fills]).toEqual([true, 1])
  acknowledge[1]?.()
  expect([worker.overdue, fills]).toEqual([false, 2])
  await pass(10 * patience)
  expect(released).toEqual(['1', '2'])
})

test('each acknowledgement gives the next as long again', async () => {
  const worker = join()
  const acknowledge = ['1', '2', '3'].map((jobId) => send(worker, [jobId]))
  for (const each of acknowledge) {
    await pass(patience - beat)
    each()
  }
  await pass(10 * patience)
  expect([released, worker.overdue]).toEqual([[], false])
})

test('a large message may take longer to arrive', async () => {
  const worker = join()
  send(worker, ['1'], 'x'.repeat(1_048_576))
  await pass(4 * patience)
  expect(released).toEqual([])
  await pass(2 * patience)
  expect(released).toEqual(['1'])
})

test('where leases are short, jobs are given back before theirs end', async () => {
  furnish(1_000)
  send(join(), ['1'])
  await pass(600)
  expect(released).toEqual([])
  await pass(300)
  expect(released).toEqual(['1'])
})

test('while the hub itself stands still, nothing becomes overdue', async () => {
  const worker = join()
  const acknowledge = send(worker, ['1'])
  await pass(patience - beat)
  vi.setSystemTime(Date.now() + 60_000)
  await pass(beat)
  acknowledge()
  await pass(10 * patience)
  expect(released).toEqual([])
})

test('what was settled without an acknowledgement is not given back, but its worker gets nothing more', async () => {
  const worker = join()
  send(worker, ['1'])
  for (const lease of worker.held.values()) roster.free(worker, lease)
  await pass(patience + beat)
  expect([released, worker.lost, worker.overdue, receipts.idle]).toEqual([[], [], true, true])
})

test('while the store is away jobs stay with their worker, which may yet acknowledge them', async () => {
  isAway = true
  const [late, never] = [join(), join()]
  const acknowledge = send(late, ['1'])
  send(never, ['2'])
  await pass(patience + beat)
  expect([late.held.size, never.held.size, late.lost, receipts.idle]).toEqual([1, 1, [], false])
  acknowledge()
  isAway = false
  await pass(beat)
  expect([released, late.held.size, late.overdue, never.overdue]).toEqual([['2'], 1, false, true])
})

test('the jobs of a worker whose connection has closed are a matter of their leases', async () => {
  const worker = join()
  send(worker, ['1'])
  receipts.forget(worker)
  await pass(10 * patience)
  expect([released, receipts.idle, vi.getTimerCount()]).toEqual([[], true, 0])
})

test('once stopped it gives nothing back', async () => {
  send(join(), ['1'])
  receipts.stop()
  send(join(), ['2'])
  await pass(10 * patience)
  expect([released, vi.getTimerCount()]).toEqual([[], 0])
})
