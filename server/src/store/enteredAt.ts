import { isFinished, type JobState } from '@anchorleg/shared'

/** The times that a job's row keeps, in ms since the epoch. */
export interface Course {
  readonly state: JobState
  readonly dueAt: number
  readonly insertedAt: number
  readonly attemptedAt: number | null
  readonly finishedAt: number | null
}

/** When a job entered its state, as near as its row and the time of its latest outcome tell. */
export function enteredAt({ state, dueAt, insertedAt, attemptedAt, finishedAt }: Course, latestAt: () => number | null | undefined): number {
  if (isFinished(state)) return finishedAt ?? insertedAt
  if (state === 'executing') return attemptedAt ?? insertedAt
  if (state === 'available') return Math.max(dueAt, insertedAt, attemptedAt ?? 0)
  return latestAt() ?? insertedAt
}
