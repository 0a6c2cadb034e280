import { hash } from 'node:crypto'
import type { JobRequest } from '@anchorleg/shared'

/** What of a job counts: all but its ref, and how it is awaited and traced, which may differ when the same job is sent again. */
type Counted = Omit<JobRequest, 'ref' | 'want' | 'trace' | 'args'>

/** Each by itself, in an order of its own, so that the order in which keys came says nothing; a list is quickly written. */
const parts: { readonly [Key in keyof Required<Counted>]: (job: Counted) => unknown } = {
  name: ({ name }) => name,
  queue: ({ queue }) => queue,
  priority: ({ priority }) => priority,
  maxAttempts: ({ maxAttempts }) => maxAttempts,
  timeout: ({ timeout }) => timeout,
  scheduleIn: ({ scheduleIn }) => scheduleIn,
  scheduledAt: ({ scheduledAt }) => scheduledAt,
  tags: ({ tags }) => tags,
  meta: ({ meta }) => ordered(meta),
  codec: ({ codec }) => codec,
  unique: ({ unique }) => ordered(unique),
  cancelOnDisconnect: ({ cancelOnDisconnect }) => cancelOnDisconnect,
}

const readers = Object.values(parts)

/** A digest of what a job was asked to be: its name, queue, options and args as sent, in whatever order their keys came. */
export function fingerprint(job: JobRequest): string {
  return hash('sha256', `${JSON.stringify(readers.map((read) => read(job)))}\n${job.args}`, 'base64')
}

/** Plain JSON with the keys of every object in order. */
function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return ['list', ...value.map(ordered)]
  const fields = value as Record<string, unknown>
  const keys = Object.keys(fields).filter((key) => fields[key] !== undefined)
  // Pairs, because an object would put keys that are numbers first, and lose `__proto__`.
  return ['fields', ...keys.sort().map((key) => [key, ordered(fields[key])])]
}
