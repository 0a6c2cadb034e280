import { isRef } from '@anchorleg/shared'
import { isRecord, show } from './options.js'

/** Phantom: carries types, never exists at run time. */
export declare const types: unique symbol

/**
 * A caller's handle on a stored job. Frozen plain JSON: save it, send it, and `client.attach` it anywhere. Whoever holds
 * its `ref` can await the job.
 */
export interface Relay<T = unknown, P = unknown, C = unknown> {
  readonly ref: string
  /** Whether the ref became an alias of a job that was there before. */
  readonly conflict: boolean
  /** Which job it is, where that is known. */
  readonly job: { readonly name: string; readonly queue: string } | null
  readonly [types]?: () => [T, P, C]
}

type JobOf = Relay['job']

/** A relay from its parts. */
export function makeRelay(ref: string, conflict: boolean, job: JobOf): Relay<any, any, any> {
  return Object.freeze({ ref, conflict, job: job && Object.freeze({ name: job.name, queue: job.queue }) })
}

/** Whether a value is a relay, or a copy of one. */
export function isRelay(value: unknown): value is Relay {
  return typeof value === 'object' && value !== null && isRef((value as Relay).ref) && typeof (value as Relay).conflict === 'boolean'
}

/**
 * A relay from a ref, from a relay or a copy of one, or from its JSON. `known` says which job it is where the source does not.
 * @throws {TypeError} for anything that names no ref
 */
export function attachRelay(source: unknown, known: JobOf): Relay<any, any, any> {
  const given = typeof source === 'string' && source.trimStart().startsWith('{') ? parse(source) : source
  if (isRef(given)) return makeRelay(given, false, known)
  if (typeof given === 'object' && given !== null && isRef((given as { ref?: unknown }).ref)) {
    const { ref, conflict, job } = given as { ref: string; conflict?: unknown; job?: unknown }
    return makeRelay(ref, conflict === true, jobOf(job) ?? known)
  }
  throw new TypeError(`expected a ref (a UUID in lower case), a relay or its JSON, got ${show(source)}`)
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function jobOf(job: unknown): JobOf {
  return isRecord(job) && typeof job.name === 'string' && typeof job.queue === 'string' ? { name: job.name, queue: job.queue } : null
}
