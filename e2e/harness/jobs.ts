import { defineJob, type } from '@anchorleg/client'
import { z } from 'zod'

/** The seed's DoubleWorker. */
export const double = defineJob({ name: 'double', args: z.object({ int: z.number() }), result: z.number() })

/** The seed's SlowWorker: twice the number, after so many milliseconds. */
export const slow = defineJob({ name: 'slow', args: z.object({ int: z.number() }), result: z.number() })

/** What `act` is asked to do. `bytes` returns text that takes exactly so many bytes encoded. */
export type Deed =
  | { do: 'value' | 'ok' | 'cancel' | 'discard' | 'error'; value?: unknown }
  | { do: 'void' | 'okVoid' | 'throw' | 'throwText' | 'function' | 'class' | 'symbol' | 'who' }
  | { do: 'snooze'; seconds: number }
  | { do: 'bytes'; bytes: number }

/** Does what its args say. */
export const act = defineJob({ name: 'act', args: type<Deed>(), result: type<any>() })

/** Fails so many attempts, then gives the number of the attempt that succeeded. It is retried at once. */
export const flaky = defineJob({ name: 'flaky', args: z.object({ failures: z.number() }), result: z.number(), backoff: () => 0 })

/** Snoozes for no time so many times, then gives the number of its attempt. */
export const nap = defineJob({ name: 'nap', args: z.object({ times: z.number() }), result: z.number() })

/** Ends its own process in mid-attempt, or hangs with it, but only in the first so many attempts; then gives the attempt's number. */
export const crash = defineJob({ name: 'crash', args: z.object({ how: z.enum(['exit', 'kill', 'hang']), times: z.number() }), result: z.number() })

/** What `hold` gives back: what it was given, which attempt it was, and in which process. */
export interface Held {
  readonly value: unknown
  readonly attempt: number
  readonly pid: number
}

/** Runs until its key is released; the worker process says when it starts and when it has finished. */
export const hold = defineJob({ name: 'hold', args: type<{ key: string; value?: unknown }>(), result: type<Held>() })

/** Takes so many milliseconds, at leisure; the worker process says when it starts and when it has finished. */
export const spell = defineJob({ name: 'spell', args: z.object({ key: z.string(), ms: z.number() }), result: z.number() })

/** Keeps its process busy for so many milliseconds, in one go; then gives the number of its attempt. */
export const busy = defineJob({ name: 'busy', args: z.object({ key: z.string(), ms: z.number() }), result: z.number() })

/**
 * Fails once for each of these waits, and asks to be retried after so many seconds; null and NaN leave that to the default.
 * Then it gives the number of its attempt.
 */
export const fussy = defineJob({
  name: 'fussy',
  args: type<{ waits: (number | null)[] }>(),
  result: z.number(),
  backoff: (_attempt, error) => (error.code === 'failed' ? ((error.reason as { wait: number | null }).wait ?? Number.NaN) : 0),
})

/** How `heed` ends once it is to stop. */
export type Ending = 'ok' | 'discard' | 'cancel' | 'error' | 'throw' | 'snooze' | 'ignore'

/** Runs until its signal aborts, which the worker process says; then it does this. `ignore` waits for its key and is `ok`. */
export const heed = defineJob({
  name: 'heed',
  args: type<{ key: string; end: Ending }>(),
  result: z.string(),
  backoff: () => 0,
})

/** One thing that `play` does; to `wait` is to wait for this key to be released. */
export type Step = { emit: string } | { progress: number } | { wait: string } | { fail: unknown } | { throw: string } | { snooze: number }

/** Does these steps in its first run, those in the second, and so on; then gives the number of its attempt. It is retried at once. */
export const play = defineJob({
  name: 'play',
  args: type<{ runs: Step[][] }>(),
  result: z.number(),
  progress: z.number(),
  chunk: z.string(),
  backoff: () => 0,
})

/** A job whose args schema changes what it is given, so that validating twice would be noticed. */
export const shift = defineJob({
  name: 'shift',
  args: z.object({ when: z.string().transform((text) => new Date(text)), by: z.number().default(1) }),
  result: z.date().transform((date) => date.toISOString()),
})

/** A job that no worker of these tests runs. */
export const nobody = defineJob({ name: 'nobody', args: type<unknown>() })
