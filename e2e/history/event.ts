import type { JobState, Want } from '@anchorleg/shared'

/** An outcome as a history has it: everything but its value, of which there is a print. */
export interface Mark {
  readonly number: number
  readonly attempt: number
  readonly final: boolean
  readonly type: string
  readonly code?: string | undefined
  readonly print: string
}

/** What an await gave: an outcome's print, or the code of why there is none. */
export interface Given {
  readonly type: string
  readonly code?: string | undefined
  /** Absent when it is no outcome: a timeout and the like. */
  readonly print?: string | undefined
}

/** One thing that happened, as a process of a test writes it down. */
export type Happening =
  /** A caller is about to submit a job. */
  | { readonly type: 'submit'; readonly ref: string }
  | { readonly type: 'ack'; readonly ref: string }
  | { readonly type: 'refusal'; readonly ref: string; readonly code: string }
  /** An await begins, the nth of its process; `timeout` in ms, null for none. */
  | { readonly type: 'await'; readonly nth: number; readonly ref: string; readonly want: Want; readonly timeout: number | null }
  | { readonly type: 'result'; readonly nth: number; readonly ref: string; readonly given: Given }
  /** A hub has told a caller of an outcome, as an answer or unasked. */
  | { readonly type: 'told'; readonly ref: string; readonly outcome: Mark }
  /** A hub has given a job to a worker. */
  | { readonly type: 'claim'; readonly jobId: string; readonly lease: string; readonly attempt: number }
  /** A handler begins. */
  | { readonly type: 'start'; readonly jobId: string; readonly ref: string; readonly attempt: number }
  /** A worker is about to say what an attempt gave. */
  | { readonly type: 'settle'; readonly jobId: string; readonly lease: string; readonly print: string }
  | { readonly type: 'verdict'; readonly jobId: string; readonly lease: string; readonly verdict: 'settled' | 'stale' }
  /** A hub has told a worker that a lease was taken away. */
  | { readonly type: 'lost'; readonly jobId: string; readonly lease: string }
  /** Something is broken on purpose, until `over`. */
  | { readonly type: 'fault'; readonly what: string; readonly phase: 'begins' | 'over' }
  /** Where a ref stands when all is over. */
  | ({ readonly type: 'end'; readonly ref: string } & Ending)
  /** The process ends by itself; a killed one never says so. */
  | { readonly type: 'bye' }

/** Where a ref stands when all is over: its job's state and all of its outcomes, or why there is none. */
export type Ending =
  | { readonly standing: 'job'; readonly state: JobState; readonly outcomes: readonly Mark[] }
  | { readonly standing: 'not_found' | 'expired' }

/** A happening with its moment, in ms of the machine's monotonic clock, which all its processes share, and the name of its process. */
export type Event = Happening & { readonly at: number; readonly by: string }

/** The events of one type. */
export type EventOf<Type extends Event['type']> = Extract<Event, { readonly type: Type }>
