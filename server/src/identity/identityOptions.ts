import { z } from 'zod'
import type { Authenticate } from './doorkeeper.js'
import { leastSecretBytes, readPublicKeys, type TokenKey } from './keys.js'

/** One text, or a list of them. */
const texts = <Each extends z.ZodType>(each: Each) => z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(each).min(1))

const secret = z
  .string()
  .refine((text) => Buffer.byteLength(text) >= leastSecretBytes, `expected at least ${leastSecretBytes} bytes, of chance: openssl rand -base64 32`)

const publicKeys = z.string().transform((text, context): TokenKey[] => {
  try {
    return readPublicKeys(text)
  } catch (error) {
    context.addIssue(`expected a public key as PEM, JSON Web Key or path of a file: ${error instanceof Error ? error.message : String(error)}`)
    return z.NEVER
  }
})

/** An origin as browsers send it. */
const origin = z.string().transform((text, context) => {
  const given = text.replace(/\/$/, '')
  const web = /^https?:/i.test(given) && URL.canParse(given) ? new URL(given) : undefined
  const plain = (web ? web.origin : given).toLowerCase()
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s]+$/i.test(given) && (!web || web.origin === web.href.replace(/\/$/, ''))) return plain
  context.addIssue('expected origins such as https://app.example.org')
  return z.NEVER
})

/** The options that say who may come in. */
export const identityOptions = {
  secret: texts(secret).optional(),
  publicKeys: texts(publicKeys).optional(),
  issuer: texts(z.string().min(1)).optional(),
  audience: texts(z.string().min(1)).optional(),
  auth: z.custom<Authenticate>((value) => typeof value === 'function', 'expected a function').optional(),
  origins: texts(origin).optional(),
  metrics: z.enum(['admin', 'open']).default('admin'),
}
