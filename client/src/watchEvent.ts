import { type Chunk, type JobState, type Outcome, open } from '@anchorleg/shared'
import { type AwaitResult, RelayError } from './errors.js'
import { readOutcome } from './readOutcome.js'

/** What happened to a watched job, and in which attempt. */
export type WatchEvent<T = unknown, P = unknown, C = unknown> = { attempt: number } & (
  | { type: 'state'; state: JobState; at: Date }
  | { type: 'progress'; value: P }
  /** `index` counts from 0; within an attempt it does so again when that was given back and is run anew. */
  | { type: 'chunk'; index: number; value: C }
  /** What an attempt gave; `final` when it ended the job. */
  | { type: 'outcome'; final: boolean; result: AwaitResult<T> }
)

/** An event whose value is still sealed. */
export type SealedEvent =
  | { readonly type: 'state'; readonly attempt: number; readonly state: JobState; readonly at: number }
  | { readonly type: 'progress'; readonly attempt: number; readonly codec: string; readonly value: string }
  | ({ readonly type: 'chunk' } & Readonly<Chunk>)
  | { readonly type: 'outcome'; readonly outcome: Outcome }

/**
 * Opens an event; anew for each watcher, so that none sees what another does to its value. An outcome that cannot be read is
 * one of the code `undecodable`.
 * @throws {RelayError} `undecodable`, for progress or a chunk that cannot be read here
 */
export function readEvent(event: SealedEvent, ref: string): WatchEvent<any, any, any> {
  switch (event.type) {
    case 'state':
      return { type: 'state', attempt: event.attempt, state: event.state, at: new Date(event.at) }
    case 'progress':
      return { type: 'progress', attempt: event.attempt, value: openValue(event, ref) }
    case 'chunk':
      return { type: 'chunk', attempt: event.attempt, index: event.index, value: openValue(event, ref) }
    case 'outcome': {
      const { outcome } = event
      return { type: 'outcome', attempt: outcome.attempt, final: outcome.final, result: readOutcome(outcome) }
    }
    default:
      return event satisfies never
  }
}

function openValue({ type, value, codec }: { type: string; value: string; codec: string }, ref: string): unknown {
  try {
    return open(value, codec)
  } catch (cause) {
    throw new RelayError('undecodable', `The ${type} cannot be read here: ${(cause as Error).message}`, { ref, cause })
  }
}
