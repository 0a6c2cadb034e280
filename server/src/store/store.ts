import type {
  Assignment,
  Chunk,
  Cursor,
  Emission,
  EmitVerdict,
  Inspection,
  JobRequest,
  JobState,
  Lease,
  Outcome,
  ProgressReport,
  QueueChange,
  QueueState,
  Refusal,
  Settlement,
} from '@anchorleg/shared'
import type { SealedValue } from '../lifecycle.js'

/**
 * The contract of a store: where jobs and outcomes live. Every store passes the one conformance suite.
 *
 * Every method takes a list and answers with a list in the same order. A store MUST treat the entries of a list one by
 * one: an entry that is refused never rolls back its neighbours. It MUST answer only once what it answers is durable.
 * It MUST reject with {@link StoreUnavailable} when a write fails, and then nothing of that call may stand, unless the store is
 * across a network and its connection was lost while it committed: that leaves open whether the call came about. Asking again
 * MUST be safe then: a ref is stored once, and a token settles once.
 * It MUST take every time from a clock of its own that never steps back, and every transition from `lifecycle`.
 * It MUST NOT open a sealed value.
 */
export interface Store {
  /**
   * Stores jobs, then claims, in one transaction. A ref seen before with the same content is `existing`; with other
   * content it is refused. A job whose unique key is taken is not stored: its ref becomes an alias of the job that took it.
   */
  insert(insertions: readonly Insertion[], claims: readonly ClaimRequest[], start?: Start): Promise<{ inserted: Inserted[]; claimed: Claimed[] }>

  /**
   * Claims available jobs: by priority, then due time, then age; tenants take turns. Each claim writes a fresh lease token.
   * Whether the queue is paused, and its limit across all workers, are read in the claiming transaction.
   */
  claim(claims: readonly ClaimRequest[]): Promise<Claimed[]>

  /**
   * Settles attempts, then claims, in one transaction. The row's current token alone decides; a token that already
   * settled its attempt answers `settled` again, any other `stale`, and neither changes anything.
   */
  settle(settlements: readonly Settlement[], claims: readonly ClaimRequest[], start?: Start): Promise<{ settled: Settled[]; claimed: Claimed[] }>

  /**
   * Moves the end of each lease to `ms` from now; a row whose token is current is still held, whatever the time. With a worker,
   * it is that connection that holds them from now on. Answers with what is still held, null for a stale lease.
   */
  renew(leases: readonly Lease[], ms: number, worker?: string): Promise<(Held | null)[]>

  /**
   * Moves the end of each lease to `ms` from now, unless it is sooner. Only of those that this worker's connection holds: the
   * one that claimed it, or in whose name it was renewed last. The others were presented on another connection since, on this
   * hub or another, and stay as they are. Answers whether each was this connection's.
   */
  shorten(leases: readonly Lease[], ms: number, worker: string): Promise<boolean[]>

  /** Answers with what is still held, as `renew` does, and changes nothing. */
  held(leases: readonly Lease[]): Promise<(Held | null)[]>

  /**
   * Hands jobs back, their attempts not consumed. Answers with what became available again, null for a stale lease. One whose
   * cancellation was asked for is cancelled at once, and the answer says whom to tell.
   */
  release(leases: readonly Lease[]): Promise<(Released | null)[]>

  /**
   * Cancels jobs: one that waits at once; of one that runs the request is stored, to be carried out when its attempt ends,
   * its lease is lost, or the grace is over (by `expire`). Asking again changes nothing.
   */
  cancel(cancellations: readonly (Lookup & { readonly reason: SealedValue })[]): Promise<Cancellation[]>

  /** Reopens jobs that have ended, under their refs and with their outcomes. From then on they are never `abandoned`. */
  retry(lookups: readonly Lookup[]): Promise<Retried[]>

  /** Keeps the latest progress of running attempts. Answers with whom to tell, null for a stale lease. */
  progress(reports: readonly ProgressReport[]): Promise<(Told | null)[]>

  /** Stores chunks, in order within each attempt and within its bounds. One stored before is `stored` again, without `told`. */
  emit(emissions: readonly Emission[]): Promise<Emitted[]>

  /** Reads where refs stand. An empty list still asks the store, and rejects when it does not answer. */
  read(lookups: readonly Lookup[]): Promise<Reading[]>

  /**
   * Reads what watchers do not have yet: without a cursor everything of the latest run, and no earlier outcome but the
   * latest. In order: the outcomes before that run, its chunks, the outcomes behind it. Whoever has the outcome that ended a run
   * has its chunks; a cursor in an earlier run has none of them. With `before`, a store that several hubs share answers from a
   * cursor in or before the run before the latest with what that told, as it ran, and that there is more: it may have been
   * followed before another hub could read of it. To whoever has all chunks of that run, but not what came behind them, its last progress is told as
   * `progressBefore`.
   */
  watch(watches: readonly (Lookup & { readonly from?: Cursor | undefined; readonly before?: boolean })[]): Promise<Watching[]>

  /** Reads all there is to know about jobs but their values. `waiting` is for the hub to say. */
  inspect(lookups: readonly Lookup[]): Promise<Inspected[]>

  /** Changes queues; what a change does not name stays. After it has answered, no claim against it commits. */
  setQueues(changes: readonly QueueChange[]): Promise<QueueState[]>

  /**
   * This hub waits no longer for a place in these limited queues, where several hubs take turns at those that become free: none is
   * left to it until it claims from them again.
   */
  leaveLine(queues: readonly string[]): Promise<void>

  /** The queues that were ever paused or limited. */
  queues(): Promise<QueueState[]>

  /**
   * How many jobs have not ended, by queue and state, at most 10 s ago. Of very many queues only some need be counted by
   * themselves, but not fewer than a thousand.
   */
  depths(): Promise<Depth[]>

  /**
   * Notes that somebody is attached now to jobs that ask for it (`cancelOnDisconnect`), by any of their refs. Answers whether it
   * matters: false for a job that does not ask for it, or has ended; a ref that is not known may yet lead to one.
   */
  attend(lookups: readonly Lookup[]): Promise<boolean[]>

  /** The own refs of jobs that ask for it, have not ended, and were last attended (or else stored) so long ago, the longest first; at most `limit`. */
  abandoned(patienceMs: number, limit: number): Promise<Lookup[]>

  /**
   * Makes due jobs available, at most `limit`; and those that a failed call has claimed all the same, their attempts not
   * consumed. Answers with them, and when the next job is due.
   */
  stage(limit: number): Promise<{ staged: Waiter[]; nextDueAt: number | null }>

  /**
   * Takes jobs from those whose lease has ended, as `crashed`, and those whose cancellation is out of grace; at most `limit`.
   * With `youngMs`, only jobs that were claimed, and cancellations that were asked for, in the last so many ms: after a time in which
   * no worker was heard, the others get another chance. A store across a network MUST take nothing once {@link judgedFor} has passed
   * since it was asked: whoever asked may have been away meanwhile, and would not judge so any more.
   */
  expire(limit: number, youngMs?: number): Promise<Expired[]>

  /** Deletes jobs that finished longer ago than the retention, and tombstones older than theirs, at most `limit`. Answers with the jobs' refs. */
  prune(limit: number): Promise<Lookup[]>

  /** The store's time as near as this process can tell, in ms since the epoch: for timers, which may go off early or late. */
  now(): number

  /** Finishes what was asked and closes. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Told of what a call has claimed ahead of its answer, at most once: a store MAY do so as soon as a crash of this process no longer
 * undoes the claim, though a power cut may. Such a job runs again, and what it gave the first time counts for nobody; so no
 * answer, nor any other reading, may tell of what the disk does not have yet.
 */
export type Start = (claimed: Claimed[]) => void

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

/** A count for metrics. */
export interface Depth {
  /** Null for all queues that are not counted by themselves. */
  readonly queue: string | null
  readonly state: JobState
  readonly count: number
}

/** A job that waits in its lane. */
export interface Waiter extends Lane, Progression {}

/** How far a job has come. */
export interface Progression {
  readonly jobId: string
  /** The attempt that counts: one that was given back does not. */
  readonly attempt: number
  /** How often it was claimed: each claim begins a run, and no run has the number of another. */
  readonly run: number
}

/** A job that was handed back: it waits again, or it has ended, because it was to be cancelled. */
export type Released = Waiter | { readonly announcement: Announcement }

/** A lease that is still held, and the reason of a cancellation that was asked for meanwhile. */
export interface Held extends Lane {
  readonly jobId: string
  readonly tenant: string
  readonly cancel: SealedValue | null
}

/** Whose watchers are to be told of something about a job: its own ref and its aliases. */
export interface Told extends Progression {
  readonly tenant: string
  readonly refs: readonly string[]
}

export interface Insertion {
  readonly tenant: string
  /** What its caller wants to be told of is the hub's business. */
  readonly job: Omit<JobRequest, 'want'>
  /** Insertions of one call with the same unit stand or fall together: one refused, none stored; the others are refused as `invalid_job`, without issues. */
  readonly unit?: number | undefined
}

export type Inserted =
  | {
      readonly type: 'inserted' | 'existing'
      /** The ref is an alias: another job has its unique key. Such a job is `existing`. */
      readonly conflict: boolean
      readonly jobId: string
      readonly state: JobState
      readonly queue: string
      readonly name: string
      readonly dueAt: number
    }
  | { readonly type: 'refused'; readonly refusal: Refusal }

/** A wish for jobs: at most `limit` of one queue, of these names, for a worker's connection; of one tenant or, without one, of all. */
export interface ClaimRequest {
  readonly worker: string
  readonly tenant?: string | undefined
  readonly queue: string
  readonly names: readonly string[]
  readonly limit: number
}

export interface Claimed {
  readonly worker: string
  readonly run: number
  readonly assignment: Assignment
  /** No other hub has read of this job: nobody there has to be told. */
  readonly unseen?: boolean
}

export type Settled = { readonly type: 'settled'; readonly announcement: Announcement | null } | { readonly type: 'stale' }

/** What is to be told of an outcome once it is stored: to whom, and what became of the job. A repeated settlement has none. */
export interface Announcement extends Lane, Told {
  readonly state: JobState
  readonly dueAt: number | null
  /** When the attempt was claimed, of a job that did not run when it was cancelled, in ms since the epoch. */
  readonly claimedAt: number
  readonly outcome: Outcome
  /**
   * Which other hubs have to be told: all, since one has read of the job before it ended, or the one alone that stored it. Absent where nobody
   * has; a store that hubs do not share has none.
   */
  readonly elsewhere?: 'everywhere' | { readonly hub: string } | undefined
}

export type Cancellation =
  | { readonly type: 'cancelled'; readonly announcement: Announcement }
  /** It runs. `reason` is the one that is stored: whoever asked first gave it. */
  | { readonly type: 'requested'; readonly lease: Lease; readonly state: JobState; readonly reason: SealedValue }
  | { readonly type: 'finished'; readonly state: JobState }
  | { readonly type: 'expired' }
  | { readonly type: 'not_found' }

export type Retried = { readonly type: 'retried'; readonly waiter: Waiter } | { readonly type: 'unfinished' | 'expired' | 'not_found' }

export type Emitted = { readonly verdict: 'stored'; readonly told: Told | null } | { readonly verdict: Exclude<EmitVerdict, 'stored'> }

export type Watching =
  | (Progression & {
      readonly type: 'job'
      readonly state: JobState
      /** The number of the last outcome before what the latest run has told of itself; of the latest, where it has told nothing. */
      readonly after: number
      /** When the state was entered, as near as the row tells, in ms since the epoch. */
      readonly at: number
      readonly progress: (SealedValue & { readonly attempt: number }) | null
      /** The last progress of the run before, told before any outcome. */
      readonly progressBefore?: SealedValue & { readonly run: number; readonly attempt: number }
      readonly chunks: readonly Chunk[]
      readonly outcomes: readonly Outcome[]
      readonly more: boolean
    })
  | { readonly type: 'expired' }
  | { readonly type: 'not_found' }

/** An inspection without what only the hub knows. */
export type Inspected =
  | (Omit<Extract<Inspection, { type: 'job' }>, 'ref' | 'waiting'> & { readonly paused: boolean })
  | { readonly type: 'expired' }
  | { readonly type: 'not_found' }

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
  /** Whether its queue is paused. */
  readonly paused: boolean
  readonly state: JobState
  readonly attempt: number
  readonly dueAt: number
}

/**
 * A store that cannot take or give anything right now. What was asked did not happen; or, when the connection to the database was
 * lost while it committed, or the disk failed to sync what was written, it may have. Asking again is safe either way.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** A store that cannot be opened, and why; the hub refuses to start. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused'
}

/** How long it counts that leases were judged to have ended, in ms. */
export function judgedFor({ leaseMs }: Pick<StoreSettings, 'leaseMs'>): number {
  return Math.max(500, leaseMs / 3)
}

/** What every store is opened with. */
export interface StoreSettings {
  /** How long a lease lasts, in ms. */
  readonly leaseMs: number
  /** How long a running job whose cancellation was asked for may still take, in ms. */
  readonly cancelGraceMs: number
  /** How long finished jobs and their results live, in ms. */
  readonly retentionMs: number
  /** How long the tombstone of a pruned job lives, in ms. */
  readonly tombstoneMs: number
  /** Told of each transaction: how many requests it carried, and how long it took with the disk, in ms. For metrics. */
  readonly committed?: ((commit: { readonly requests: number; readonly ms: number }) => void) | undefined
  /** Told once of what the store has to say of its server, such as how safely that keeps what it acknowledges. For the log. */
  readonly opened?: ((facts: Readonly<Record<string, string>>) => void) | undefined
  /** Milliseconds added to the store's clock, shared with a test that moves it. Absent outside tests. */
  readonly skew?: Float64Array | undefined
  /** Names this hub among those that share the store: 32 hex digits. Absent for any name. */
  readonly hub?: string | undefined
}
