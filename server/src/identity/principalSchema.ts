import { isName } from '@anchorleg/shared'
import { ref } from '@anchorleg/shared/schemas'
import { z } from 'zod'
import type { Principal } from './principal.js'

/** Text that names something: stores keep neither half a surrogate pair nor a NUL. */
const name = z
  .string()
  .min(1)
  .max(128)
  .refine((text) => isName(text) && !text.includes('\0'), 'expected well-formed text')

const patterns = z.array(name).max(1_000).readonly()
const count = z.int().positive()

const authority = {
  subject: z.string().max(1_024).optional(),
  queues: patterns.optional(),
  jobs: patterns.optional(),
  limits: z
    .strictObject({
      submitsPerSecond: z.number().positive().optional(),
      connections: count.optional(),
      pendingAwaits: count.optional(),
    })
    .optional(),
  expiresAt: z.number().optional(),
}

/** A principal, from whoever says so. What it does not know it refuses: a mistyped restriction must not be none. */
export const principalSchema: z.ZodType<Principal> = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('client'), tenant: name, ref: ref.optional(), ...authority }),
  z.strictObject({ role: z.literal('worker'), tenant: name.optional(), ...authority }),
  z.strictObject({ role: z.literal('admin'), tenant: name.optional(), ...authority }),
])

/** The first thing wrong with what should be a principal, with its place and without its values. */
export function wrongIn(error: z.ZodError): string {
  const issue = error.issues[0]
  const place = issue?.path.length ? `${z.core.toDotPath(issue.path)}: ` : ''
  return `${place}${issue?.message ?? 'it cannot be read'}`
}
