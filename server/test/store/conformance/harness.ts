import type { Assignment, AttemptOutcome, JobRequest, Lease, Settlement } from '@anchorleg/shared'
import { codecTag, mintRef } from '@anchorleg/shared'
import type { Claimed, ClaimRequest, Inserted, Lookup, Reading, Settled, Store, StoreSettings } from '#server/store/store.js'

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
export const settings: StoreSettings = { leaseMs: 10 * minute, retentionMs: 60 * minute, tombstoneMs: 120 * minute }

export const tenant = 'acme'

export function aJob(fields: Partial<JobRequest> = {}): JobRequest {
  const defaults = { name: 'double', queue: 'default', priority: 0, maxAttempts: 20, tags: [], meta: {}, codec: codecTag, args: '[{"int":1},21]' }
  return { ref: mintRef(), ...defaults, ...fields }
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
