import type { Json, OutcomeError } from '@anchorleg/shared'
import type { Opt } from './options.js'
import type { Schema } from './schema.js'
import type { UniqueOptions } from './unique.js'

/** How jobs of a definition are stored and run, unless `new` says otherwise. */
export type JobOptions = Opt<{
  /** Default `default`. */
  queue: string
  /** 0 (first, the default) to 9. */
  priority: number
  /** Default 20. */
  maxAttempts: number
  /** Milliseconds that one attempt may take; none by default. */
  timeout: number
  tags: readonly string[]
  /** Plain JSON that the hub may read. */
  meta: { readonly [key: string]: Json }
  /** Keeps a second job like it from being stored: its ref becomes another of the first. `{}` for the defaults. */
  unique: UniqueOptions
}>

/** Seconds until the next attempt, after this one failed: 0 to 30 days. What throws or is no number counts as the default. */
export type Backoff = (attempt: number, error: OutcomeError) => number

/** What the packages keep of a definition. */
export interface Definition {
  readonly name: string
  readonly args?: Schema | undefined
  readonly result?: Schema | undefined
  readonly progress?: Schema | undefined
  readonly chunk?: Schema | undefined
  readonly backoff?: Backoff | undefined
  /** Whether its options may be sent as they are: none is there that JSON lacks, or that depends on the job. */
  readonly isPlain: boolean
  /** The job's options as sent. */
  readonly options: { readonly queue?: string; readonly maxAttempts?: number; readonly timeout?: number }
}
