import type { Inspection, JobState, OutcomeError, WatchEvent } from '@anchorleg/client'
import type { Step } from '../jobs.js'
import { mishap } from './words.js'

/** How a job has fared so far: what its events, one after the other, add up to. */
export interface Course {
  readonly state: JobState | undefined
  readonly attempt: number
  /** Of the attempt that runs, or ran last. */
  readonly step: Step | undefined
  /** The attempts that failed and were not the last, in order. */
  readonly mishaps: readonly { readonly attempt: number; readonly why: string }[]
  /** When the next attempt is due, after one has failed. */
  readonly retryAt: Date | undefined
}

/** Before anything is known. */
export const outset: Course = { state: undefined, attempt: 0, step: undefined, mishaps: [], retryAt: undefined }

/** The attempts that failed before anybody watched: a watch begins with the latest outcome alone. */
export function recalled(course: Course, { errors }: Pick<Inspection, 'errors'>): Course {
  return errors.filter(({ state }) => state === 'retryable').reduce(failed, course)
}

/** The course after one more event. */
export function told(course: Course, event: WatchEvent<unknown, Step, unknown>): Course {
  const { attempt } = event
  switch (event.type) {
    case 'state':
      return { ...course, attempt, state: event.state, step: attempt === course.attempt ? course.step : undefined }
    case 'progress':
      return { ...course, step: event.value }
    case 'chunk':
      return course
    case 'outcome': {
      const { result, final } = event
      return final || result.type !== 'error' || !('attempt' in result.error) ? course : failed(course, result.error)
    }
  }
}

function failed(course: Course, error: OutcomeError): Course {
  const others = course.mishaps.filter(({ attempt }) => attempt !== error.attempt)
  return { ...course, mishaps: [...others, { attempt: error.attempt, why: mishap(error) }], retryAt: error.retryAt }
}
