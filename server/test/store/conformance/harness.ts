import type { Assignment, AttemptOutcome, Cursor, Emission, JobRequest, Lease, Settlement } from '@anchorleg/shared'
import { codecTag, mintRef } from '@anchorleg/shared'
import type { Cancellation, Claimed, ClaimRequest, Inserted, Lookup, Reading, Settled, Store, StoreSettings } from '#server/store/store.js'

/** A store as its suite needs it, and what it promises beyond the contract. */
export interface Harness {
  /** Whether what was stored is still there when the store has been closed and opened again. */
  readonly survivesReopen: boolean
  /** Opens an empty store that is closed when the test ends. */
  open(settings?: Partial<StoreSettings>): Promise<Opened>
}

export interface Opened {
  readonly store: Store
  /** Moves the store's time, in ms. */
  advance(ms: number): void
  /** Closes the store and opens it again over the same data. */
  reopen(): Promise<Store>
}

export const minute = 60_000

/** Long enough that the time a test takes changes nothing. */
export const settings: StoreSettings = { leaseMs: 10 * minute, cancelGraceMs: 2 * minute, retentionMs: 60 * minute, tombstoneMs: 120 * minute }

export const tenant = 'acme'

export function aJob(fields: Partial<JobRequest> = {}): JobRequest {
  const defaults = { name: 'double', queue: 'default', priority: 0, maxAttempts: 20, tags: [], meta: {}, codec: codecTag, args: '[{"int":1},21]' }
  return { ref: mintRef(), ...defaults, ...fields }
}

/** A job of which there is one at a time: as long as it has not ended. */
export function aUniqueJob(unique: Partial<JobRequest['unique']> = {}, fields: Partial<JobRequest> = {}): JobRequest {
  return aJob({ unique: { key: 'k', states: ['scheduled', 'available', 'executing', 'retryable'], ...unique }, ...fields })
}

/** Stores jobs of one tenant, one insertion each, and answers with what became of them. */
export async function insert(store: Store, jobs: readonly JobRequest[], of = tenant): Promise<Inserted[]> {
  const { inserted } = await store.insert(
    jobs.map((job) => ({ tenant: of, job })),
    [],
  )
  return inserted
}

export function aWish(fields: Partial<ClaimRequest> = {}): ClaimRequest {
  return { worker: 'w1', queue: 'default', names: ['double'], limit: 1, ...fields }
}

export async function claim(store: Store, fields: Partial<ClaimRequest> = {}): Promise<Assignment[]> {
  const claimed = await store.claim([aWish(fields)])
  return claimed.map(({ assignment }) => assignment)
}

/** Stores a job and claims it. */
export async function start(store: Store, fields: Partial<JobRequest> = {}): Promise<{ lookup: Lookup; lease: Lease; assignment: Assignment }> {
  const job = aJob(fields)
  await insert(store, [job])
  const assignment = only(await claim(store, { queue: job.queue, names: [job.name] }))
  return { lookup: { tenant, ref: job.ref }, lease: leaseOf(assignment), assignment }
}

export function leaseOf({ jobId, lease }: Lease): Lease {
  return { jobId, lease }
}

export function leasesOf(claimed: readonly Claimed[]): Lease[] {
  return claimed.map(({ assignment }) => leaseOf(assignment))
}

export async function settle(store: Store, lease: Lease, outcome: AttemptOutcome): Promise<Settled> {
  const { settled } = await store.settle([settlement(lease, outcome)], [])
  return only(settled)
}

export function settlement(lease: Lease, outcome: AttemptOutcome): Settlement {
  return { ...leaseOf(lease), outcome }
}

export async function read(store: Store, lookup: Lookup): Promise<Reading> {
  return only(await store.read([lookup]))
}

/** A reason as its caller seals it. */
export function sealedReason(text = 'enough') {
  return { codec: codecTag, value: JSON.stringify([text]) }
}

export async function cancel(store: Store, lookup: Lookup, text?: string): Promise<Cancellation> {
  return only(await store.cancel([{ ...lookup, reason: sealedReason(text) }]))
}

/** Asks to cancel a job that runs. */
export async function requestCancel(store: Store, lookup: Lookup, text?: string): Promise<void> {
  const { type } = await cancel(store, lookup, text)
  if (type !== 'requested') throw new Error(`expected a request, got ${type}`)
}

export function emission(lease: Lease, index: number, value = `[${index}]`): Emission {
  return { ...leaseOf(lease), index, codec: codecTag, value }
}

/** Emits so many chunks of an attempt, from the first on. */
export async function emitSome(store: Store, lease: Lease, count: number): Promise<void> {
  const emitted = await store.emit(Array.from({ length: count }, (_, index) => emission(lease, index)))
  const refused = emitted.find(({ verdict }) => verdict !== 'stored')
  if (refused) throw new Error(`expected every chunk to be stored, got ${refused.verdict}`)
}

/** Reads what a watcher lacks of a job that must be known. */
export async function watchKnown(store: Store, lookup: Lookup, from?: Cursor) {
  const watching = only(await store.watch([{ ...lookup, from }]))
  if (watching.type !== 'job') throw new Error(`expected a job, got ${watching.type}`)
  return watching
}

/** Inspects a job that must be known. */
export async function inspectKnown(store: Store, lookup: Lookup) {
  const inspected = only(await store.inspect([lookup]))
  if (inspected.type !== 'job') throw new Error(`expected a job, got ${inspected.type}`)
  return inspected
}

/** Reads a job that must be known. */
export async function readKnown(store: Store, lookup: Lookup) {
  const reading = await read(store, lookup)
  if (reading.type !== 'known') throw new Error(`expected a known job, got ${reading.type}`)
  return reading
}

export const gives = {
  ok: { type: 'ok', codec: codecTag, value: '[42]' },
  cancel: { type: 'cancel', codec: codecTag, value: '["enough"]' },
  discard: { type: 'discard', codec: codecTag, value: '["useless"]' },
  failed: { type: 'error', code: 'failed', message: 'It failed.', codec: codecTag, value: '["why"]' },
  snooze: (seconds: number) => ({ type: 'snooze', seconds }) as const,
} satisfies Record<string, AttemptOutcome | ((seconds: number) => AttemptOutcome)>

/** A lease that nobody was ever given. */
export const strangeLease: Lease = { jobId: '1', lease: '0'.repeat(32) }

export function only<T>(list: readonly T[]): T {
  if (list.length !== 1) throw new Error(`expected one entry, got ${list.length}`)
  return list[0] as T
}
