import { hexOf, type JobState, jobDefaults, jobStates, seal, type Unique } from '@anchorleg/shared'
import { sha256 } from '@noble/hashes/sha2.js'
import { isRecord, type Opt, uniqueFields } from './options.js'

/** Makes a job the only one of its kind, while another like it is young enough and in one of some states. */
export type UniqueOptions = Opt<{
  /** What two jobs must have in common to be alike: `name`, `queue`, `args`, `meta`, `tags`, `priority`. Default name, queue and args. */
  fields: readonly string[]
  /** Of args and meta, only what is under these keys counts; all of it by default. */
  keys: readonly string[]
  /** Seconds for which a job stands in the way of others, from its insertion. Default Infinity. */
  period: number
  /** The states in which it does. Default all but cancelled and discarded. */
  states: readonly JobState[]
}>

type Field = (typeof uniqueFields)[number]

/** A job's fields as they are sent, its args opened. */
type Fields = { readonly [field in Field]?: unknown }

const defaults = { fields: ['name', 'queue', 'args'], states: jobStates.filter((state) => state !== 'cancelled' && state !== 'discarded') } as const
const absent: Fields = { queue: jobDefaults.queue, priority: jobDefaults.priority, tags: [], meta: {} }

/** What is sent of a unique job: a digest of what it must have in common with another, which is all that the hub sees. */
export function uniqueOf(options: UniqueOptions, job: Fields): Unique {
  const { fields = defaults.fields, keys = [], period = Number.POSITIVE_INFINITY, states = defaults.states } = options
  const parts = uniqueFields.filter((field) => fields.includes(field)).map((field) => `${field}:${seal(canonical(part(job, field, keys)))}`)
  return {
    key: hexOf(sha256(new TextEncoder().encode(parts.join('\n')))),
    ...(period !== Number.POSITIVE_INFINITY && { period }),
    states: jobStates.filter((state) => states.includes(state)),
  }
}

function part(job: Fields, field: Field, keys: readonly string[]): unknown {
  const value = job[field] ?? absent[field]
  if ((field !== 'args' && field !== 'meta') || keys.length === 0 || !isRecord(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)))
}

/**
 * A copy in which what is equal is encoded alike: the keys of objects in order, and nothing shared but what contains itself.
 * The order of an array, a Map or a Set is part of its value.
 */
function canonical(value: unknown, above = new Map<unknown, unknown>()): unknown {
  if (above.has(value)) return above.get(value)
  const inside = <T>(copy: T, fill: (same: (part: unknown) => unknown) => void): T => {
    above.set(value, copy)
    fill((part) => canonical(part, above))
    above.delete(value)
    return copy
  }
  if (Array.isArray(value)) {
    const copy = new Array<unknown>(value.length)
    return inside(copy, (same) => value.forEach((part, i) => (copy[i] = same(part))))
  }
  if (value instanceof Map) {
    const copy = new Map()
    return inside(copy, (same) => value.forEach((part, key) => copy.set(same(key), same(part))))
  }
  if (value instanceof Set) {
    const copy = new Set()
    return inside(copy, (same) => value.forEach((part) => copy.add(same(part))))
  }
  if (!isRecord(value)) return value
  const copy: Record<string, unknown> = {}
  return inside(copy, (same) => {
    for (const key of Object.keys(value).sort()) copy[key] = same(value[key])
  })
}
