import type { Assignment, JobRequest, JobState, Lease, Outcome, Refusal, Settlement } from '@anchorleg/shared'

/**
 * The contract of a store: where jobs and outcomes live. Every store passes the one conformance suite.
 *
 * Every method takes a list and answers with a list in the same order. A store MUST treat the entries of a list one by
 * one: an entry that is refused never rolls back its neighbours. It MUST answer only once what it answers is durable.
 * It MUST reject with {@link StoreUnavailable} when a write fails, and then nothing of that call may stand.
 * It MUST take every time from a clock of its own that never steps back, and every transition from `lifecycle`.
 * It MUST NOT open a sealed value.
 */
export interface Store {
  /**
   * Stores jobs, then claims, in one transaction. A ref seen before with the same content is `existing`; with other
   * content it is refused.
   */
  insert(insertions: readonly Insertion[], claims: readonly ClaimRequest[]): Promise<{ inserted: Inserted[]; claimed: Claimed[] }>

  /** Claims available jobs: by priority, then due time, then age; tenants take turns. Each claim writes a fresh lease token. */
  claim(claims: readonly ClaimRequest[]): Promise<Claimed[]>

  /**
   * Settles attempts, then claims, in one transaction. The row's current token alone decides; a token that already
   * settled its attempt answers `settled` again, any other `stale`, and neither changes anything.
   */
  settle(settlements: readonly Settlement[], claims: readonly ClaimRequest[]): Promise<{ settled: Settled[]; claimed: Claimed[] }>

  /** Moves the end of each lease to `ms` from now, also when that is sooner. Answers with the lane of each still held, null for a stale one. */
  renew(leases: readonly Lease[], ms: number): Promise<(Lane | null)[]>

  /** Hands jobs back, their attempts not consumed. Answers with what became available again, null for a stale lease. */
  release(leases: readonly Lease[]): Promise<(Lane | null)[]>

  /** Reads where refs stand. */
  read(lookups: readonly Lookup[]): Promise<Reading[]>

  /** Makes due jobs available, at most `limit`. Answers with their lanes, and when the next job is due. */
  stage(limit: number): Promise<{ staged: Lane[]; nextDueAt: number | null }>

  /** Takes jobs from those whose lease has ended, at most `limit`, as `crashed`. */
  expire(limit: number): Promise<Expired[]>

  /** Moves the end of every lease to at least one lease from now: nothing expires after a time in which none could be renewed. */
  reprieve(): Promise<void>

  /** Deletes jobs that finished longer ago than the retention, and tombstones older than theirs, at most `limit`. Answers with their refs. */
  prune(limit: number): Promise<Lookup[]>

  /** Finishes what was asked and closes. Safe to call twice. */
  close(): Promise<void>
}

/** A ref and whose it is. Another tenant's ref is as unknown as one that never was. */
export interface Lookup {
  readonly tenant: string
  readonly ref: string
}

/** Where jobs wait for workers: a queue and a name in it. */
export interface Lane {
  readonly queue: string
  readonly name: string
}

export interface Insertion {
  readonly tenant: string
  readonly job: JobRequest
  /** Insertions of one call with the same unit stand or fall together: one refused, none stored. */
  readonly unit?: number | undefined
}

export type Inserted =
  | {
      readonly type: 'inserted' | 'existing'
      readonly jobId: string
      readonly state: JobState
      readonly queue: string
      readonly name: string
      readonly dueAt: number
    }
  | { readonly type: 'refused'; readonly refusal: Refusal }

/** A wish for jobs: at most `limit` of one queue, of these names, for a worker's connection. */
export interface ClaimRequest {
  readonly worker: string
  readonly queue: string
  readonly names: readonly string[]
  readonly limit: number
}

export interface Claimed {
  readonly worker: string
  readonly assignment: Assignment
}

export type Settled = { readonly type: 'settled'; readonly announcement: Announcement | null } | { readonly type: 'stale' }

/** What is to be told of an outcome once it is stored: to whom, and what became of the job. A repeated settlement has none. */
export interface Announcement extends Lane {
  readonly tenant: string
  /** The job's own ref and its aliases. */
  readonly refs: readonly string[]
  readonly jobId: string
  readonly state: JobState
  readonly dueAt: number | null
  /** When the attempt was claimed and when the job was stored, in ms since the epoch. */
  readonly claimedAt: number
  readonly insertedAt: number
  readonly outcome: Outcome
}

/** A job taken from its dead worker: the lease it lost, and its outcome. */
export interface Expired {
  readonly lease: Lease
  readonly announcement: Announcement
}

export type Reading =
  | { readonly type: 'known'; readonly job: StoredJob; readonly latest: Outcome | null }
  | { readonly type: 'expired' }
  | { readonly type: 'not_found' }

export interface StoredJob extends Lane {
  readonly jobId: string
  readonly state: JobState
  readonly attempt: number
  readonly dueAt: number
}

/** A store that cannot take or give anything right now. What was asked did not happen. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** A store that cannot be opened, and why; the hub refuses to start. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
}

/** What every store is opened with. */
export interface StoreSettings {
  /** How long a lease lasts, in ms. */
  readonly leaseMs: number
  /** How long finished jobs and their results live, in ms. */
  readonly retentionMs: number
  /** How long the tombstone of a pruned job lives, in ms. */
  readonly tombstoneMs: number
  /** Milliseconds added to the store's clock, shared with a test that moves it. Absent outside tests. */
  readonly skew?: Float64Array | undefined
}
