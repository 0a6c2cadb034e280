import { hash } from 'node:crypto'
import type { JobRequest } from '@anchorleg/shared'

/**
 * A digest of what a job was asked to be: its name, queue, options and args as sent, in whatever order their keys came.
 * Not of its ref, nor of how it is awaited and traced, which may differ when the same job is sent again.
 */
export function fingerprint(job: JobRequest): string {
  const { ref, want, trace, args, ...content } = job
  return hash('sha256', `${canonical(content)}\n${args}`, 'base64')
}

/** JSON with the keys of every object in order. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  const fields = value as Record<string, unknown>
  const keys = Object.keys(fields).filter((key) => fields[key] !== undefined)
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(fields[key])}`)
    .join()}}`
}
