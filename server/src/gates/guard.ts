import type { Limits } from '@anchorleg/shared'
import type { Socket } from 'socket.io'
import { z } from 'zod'
import { StoreUnavailable } from '../store/store.js'
import type { TelemetryBus } from '../telemetry.js'
import { Refused, refuse } from './refused.js'
import { turnstileOf } from './turnstile.js'

/** What one event of a namespace takes, and what is done with it. */
export interface Route<Schema extends z.ZodType = z.ZodType, Reply = unknown> {
  readonly schema: Schema
  readonly handle: (message: z.output<Schema>) => Promise<Reply> | Reply
}

interface Terms {
  readonly telemetry: TelemetryBus
  readonly limits: Limits
}

/** Refusals of one connection that are told of one by one: one that sends nothing else does not fill the log. */
const mostTold = 100

/** Keeps a route's message and its handler's argument of one type. */
export function route<Schema extends z.ZodType, Reply>(schema: Schema, handle: (message: z.output<Schema>) => Promise<Reply> | Reply): Route {
  return { schema, handle: handle as Route['handle'] }
}

/**
 * The one way from a socket into the hub: parse, handle, answer. Nothing thrown or rejected behind it escapes it; every
 * message with an acknowledgement gets a typed answer, and one without an acknowledgement, which could get none, ends the
 * connection that sent it.
 */
export function guard(socket: Socket, routes: Readonly<Record<string, Route>>, { telemetry, limits }: Terms): void {
  const turnstile = turnstileOf(socket)
  let refusals = 0
  socket.onAny((event: string, ...packet: unknown[]) => {
    const answer = packet.at(-1)
    if (typeof answer !== 'function') return turnstile.cut('a message without an acknowledgement')
    const known = Object.hasOwn(routes, event) ? routes[event] : undefined
    turnstile.asked()
    void respond(known, packet.length === 2 ? packet[0] : undefined).then((reply) => {
      if (reply instanceof Refused) refused(known ? event : 'unknown', reply)
      answer(reply instanceof Refused ? { refused: reply.refusal } : reply)
      turnstile.answered()
    })
  })

  function refused(event: string, { refusal: { code }, reason }: Refused): void {
    if (code === 'invalid_message') turnstile.violated()
    refusals += 1
    if (refusals <= mostTold) telemetry.tell({ type: 'message.refused', event, peer: socket.id, code, reason })
  }

  async function respond(known: Route | undefined, message: unknown): Promise<{ readonly ok: unknown } | Refused> {
    try {
      if (!known) throw refuse('invalid_message', 'There is no such message in this protocol.')
      checkLengths(message, limits.batch)
      const parsed = known.schema.safeParse(message)
      if (!parsed.success) return describe(parsed.error)
      return { ok: await known.handle(parsed.data) }
    } catch (error) {
      return refusalOf(error, telemetry)
    }
  }
}

function refusalOf(error: unknown, telemetry: TelemetryBus): Refused {
  if (error instanceof Refused) return error
  telemetry.tell({ type: 'message.failed', error })
  if (error instanceof StoreUnavailable) return refuse('store_unavailable', `The store cannot take this right now: ${error.message}`)
  return refuse('store_unavailable', 'The hub failed to handle this message. Sending it again is safe.')
}

/** Lists are measured before they are read: reading a huge one takes as long as its sender likes. */
function checkLengths(message: unknown, batch: number): void {
  if (typeof message !== 'object' || message === null) return
  for (const part of Object.values(message)) {
    if (Array.isArray(part) && part.length > batch) {
      throw refuse('payload_too_large', `A message has at most ${batch} entries; this one has ${part.length}.`)
    }
  }
}

/** The longest description of what is wrong, in characters: it may quote the message, which is as long as its sender likes. */
const longest = 300

/**
 * The first thing wrong with a message, with its place. That is for its sender: it may name keys of the message, and they may be
 * anything, a token too. The log has words of the protocol only.
 */
function describe({ issues: [issue] }: z.ZodError): Refused {
  const place = issue?.path.length ? ` at ${z.core.toDotPath(issue.path)}` : ''
  const message = `The message is not as the protocol has it${place}: ${issue?.message ?? 'unknown'}`.slice(0, longest)
  const field = issue?.path.length ? ` in ${String(issue.path[0])}` : ''
  return new Refused({ code: 'invalid_message', message }, `The message is not as the protocol has it${field}: ${issue?.code ?? 'unknown'}`)
}
