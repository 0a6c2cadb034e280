/** The states of a stored job, in Oban's words. */
export const jobStates = ['scheduled', 'available', 'executing', 'retryable', 'completed', 'cancelled', 'discarded'] as const
export type JobState = (typeof jobStates)[number]

/** Whether a job in this state has ended: no transition leaves it but an admin's retry. */
export function isFinished(state: JobState): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'discarded'
}

/** What a value of plain JSON may be. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a pending job waits for. */
export const waitings = ['no_worker', 'queue_paused', 'at_limit', 'scheduled', 'retrying', 'running', 'disconnected'] as const
export type Waiting = (typeof waitings)[number]

/** The defaults of a job definition. Timeout in ms. */
export const jobDefaults = { queue: 'default', priority: 0, maxAttempts: 20, timeout: Number.POSITIVE_INFINITY } as const

/** The bounds of a job's fields, kept alike by the SDK and by the hub's gate. */
export const jobBounds = {
  /** Characters of a job's name and of a queue's name. */
  name: 128,
  queue: 128,
  priority: 9,
  maxAttempts: 1_000_000,
  tags: 32,
  tag: 128,
  /** UTF-8 bytes of meta as JSON. */
  meta: 16_384,
  /** Seconds into the future a job may be scheduled: ten years. */
  scheduleIn: 315_360_000,
  /** Seconds a snooze or a backoff may last: thirty days. */
  delay: 2_592_000,
} as const

/** Whether text can name a job or a queue: half a surrogate pair is lost in a store, and `__proto__` is no key of its own in an object. */
export function isName(text: string): boolean {
  return text !== '__proto__' && !/\p{Surrogate}/u.test(text)
}
