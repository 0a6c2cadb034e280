import { z } from 'zod'

/** What a peer says of itself when it opens a connection. */
export const handshake = z.object({
  protocol: z.strictObject({ min: z.int(), max: z.int() }),
  /** The release of the peer's package, for logs. */
  sdk: z.string().max(64),
  token: z.string().max(16_384).optional(),
})
export type Handshake = z.output<typeof handshake>

const count = z.int().positive()

/** The first message a hub sends on every connection: which version is spoken, and its limits. */
export const welcome = z.object({
  protocol: z.int(),
  limits: z.object({ argsBytes: count, resultBytes: count, frameBytes: count, batch: count }),
})
export type Welcome = z.output<typeof welcome>
