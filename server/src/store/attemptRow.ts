import type { JobState, Outcome, Settlement } from '@anchorleg/shared'
import type { JobFacts, Transition } from '../lifecycle.js'
import type { Announcement } from './store.js'

/** What is read of a job before it changes. */
export interface AttemptRow extends Omit<JobFacts, 'cancel'> {
  readonly id: number
  readonly tenant: string
  readonly ref: string
  readonly queue: string
  readonly name: string
  readonly state: JobState
  readonly runs: number
  readonly codec: string
  readonly lease: string | null
  readonly settledLease: string | null
  readonly report: number | null
  readonly cancelCodec: string | null
  readonly cancelReason: string | null
  readonly attemptedAt: number | null
}

/** The settlement that ends an attempt; null when no worker's word does. */
export type EndedBy = Pick<Settlement, 'lease' | 'chunks'> | null

/** What a transition of this job depends on. */
export function factsOf(row: AttemptRow): JobFacts {
  const { attempt, maxAttempts, outcomes, crashes, snoozed } = row
  return { attempt, maxAttempts, outcomes, crashes, snoozed, cancel: requestOf(row) }
}

/** The cancellation that was asked for while the job ran. */
export function requestOf({ cancelCodec, cancelReason }: Pick<AttemptRow, 'cancelCodec' | 'cancelReason'>): JobFacts['cancel'] {
  return cancelCodec === null || cancelReason === null ? null : { codec: cancelCodec, value: cancelReason }
}

/** A transition's outcome with the count of its chunks: a worker that cannot say how many it emitted has emitted those that are stored. */
export function countedOutcome({ state }: Pick<AttemptRow, 'state'>, { outcome }: Transition, by: EndedBy, stored: () => number | null): Outcome {
  const chunks = by ? by.chunks : state === 'executing' ? stored() || undefined : undefined
  return chunks === undefined ? outcome : { ...outcome, chunks }
}

/** When a job is due again, as it is stored: in whole ms. */
export function dueAtOf({ dueAt }: Transition): number | null {
  return dueAt === null ? null : Math.round(dueAt)
}

/** Whom to tell of a stored transition, and what. */
export function announcementOf(
  row: AttemptRow,
  transition: Transition,
  outcome: Outcome,
  told: Pick<Announcement, 'refs' | 'elsewhere'>,
): Announcement {
  const { tenant, queue, name, runs, attemptedAt } = row
  const { state, attempt } = transition
  const claimedAt = row.state === 'executing' ? (attemptedAt ?? outcome.at) : outcome.at
  const { refs, elsewhere } = told
  return { tenant, refs, elsewhere, queue, name, jobId: String(row.id), attempt, run: runs, state, dueAt: dueAtOf(transition), claimedAt, outcome }
}
