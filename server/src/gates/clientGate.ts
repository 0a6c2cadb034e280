import { fits, type Inspection, isRef, type JobRequest, type Limits, type Submitted } from '@anchorleg/shared'
import { clientMessages, submitEntry } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import type { Bounds } from '../bounds.js'
import type { Canceller } from '../canceller.js'
import type { ClientSession, Courier, Wanted } from '../courier.js'
import { mayName } from '../identity/authority.js'
import type { Doorkeeper } from '../identity/doorkeeper.js'
import type { ClientPrincipal } from '../identity/principal.js'
import type { Intake } from '../intake.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Watchers } from '../watchers.js'
import type { Admission } from './admission.js'
import type { Allowance, Allowances } from './allowances.js'
import { sendEvents, sendOutcomes, weighOutcome } from './frames.js'
import { guard, route } from './guard.js'
import { shakeHands } from './handshake.js'
import { inParts } from './inParts.js'
import { refuse } from './refused.js'
import { attachTo, lookAt } from './standings.js'
import { turnstileOf } from './turnstile.js'

interface Rooms {
  readonly doorkeeper: Doorkeeper
  readonly intake: Intake
  readonly courier: Courier
  readonly canceller: Canceller
  readonly watchers: Watchers
  readonly telemetry: TelemetryBus
  readonly limits: Limits
  readonly bounds: Bounds
  readonly admission: Admission
  readonly allowances: Allowances
}

/** Where callers come in: they submit jobs, and attach to refs. */
export function openClientGate(namespace: Namespace, rooms: Rooms): void {
  const { doorkeeper, intake, courier, canceller, watchers, telemetry, limits, bounds, admission, allowances } = rooms
  shakeHands(namespace, { role: 'client', doorkeeper, admission, limits, telemetry }, (socket: Socket, principal) => {
    const turnstile = turnstileOf(socket)
    const session: ClientSession = {
      id: socket.id,
      tenant: principal.tenant,
      seesTraces: doorkeeper.isOpen,
      rooms: new Set(),
      watched: new Set(),
      tell: {
        outcomes: (outcomes) => sendOutcomes(socket, outcomes, limits),
        events: (events) => sendEvents(socket, events, limits),
        expired: (refs) => socket.emit('expired', refs),
      },
    }
    telemetry.tell({ type: 'peer.connected', role: 'client', peer: socket.id })
    socket.on('disconnect', (reason) => {
      courier.leaveAll(session)
      watchers.leaveAll(session)
      telemetry.tell({ type: 'peer.disconnected', role: 'client', peer: socket.id, reason })
    })
    const caller = { session, principal, allowance: allowances.of(principal) }
    const routes = {
      submit: route(clientMessages.submit, ({ jobs, atomic }) => submit(caller, jobs, atomic)),
      attach: route(clientMessages.attach, ({ refs }) => {
        checkRoom(caller, refs)
        const ask = (part: readonly Wanted[]) => ofRef(principal, part, (own) => courier.attach(session, checkRoom(caller, own)))
        return attachTo(refs, ask, { session, courier, turnstile, limits })
      }),
      look: route(clientMessages.look, ({ refs }) => lookAt(refs, (part) => ofRef(principal, part, (own) => courier.look(session, own)), limits)),
      detach: route(clientMessages.detach, ({ refs }) => {
        for (const wanted of refs) courier.leave(session, wanted)
        return refs.length
      }),
      cancel: route(clientMessages.cancel, ({ cancels }) => {
        onlyWaits(principal)
        return canceller.cancel(cancels.map(({ ref, codec, reason }) => ({ tenant: session.tenant, ref, reason: { codec, value: within(reason) } })))
      }),
      inspect: route(clientMessages.inspect, ({ refs }) => inspect(caller, refs)),
      watch: route(clientMessages.watch, ({ watches }) => ofRef(principal, watches, (own) => watchers.watch(session, checkRoom(caller, own)))),
      unwatch: route(clientMessages.unwatch, ({ refs }) => {
        for (const ref of refs) watchers.unwatch(session, ref)
        return refs.length
      }),
    }
    guard(socket, routes, { telemetry, limits })
  })

  /** A reason is no larger than args may be. */
  function within(sealed: string): string {
    if (!fits(sealed, limits.argsBytes)) throw refuse('payload_too_large', `The encoded reason takes more than ${limits.argsBytes} bytes.`)
    return sealed
  }

  /** Lets a connection await and watch no more refs than it may. */
  function checkRoom<Entry extends { readonly ref: string }>({ session, principal }: Caller, entries: readonly Entry[]): readonly Entry[] {
    const bound = principal.limits?.pendingAwaits ?? bounds.awaitsPerConnection
    const room = bound - session.rooms.size - session.watched.size
    if (entries.length <= room) return entries
    const added = new Set(entries.flatMap(({ ref }) => (courier.has(session, ref) || watchers.has(session, ref) ? [] : [ref])))
    if (added.size > Math.max(0, room)) throw refuse('rate_limited', `A connection awaits and watches at most ${bound} refs at once.`, retryAfter)
    return entries
  }

  function inspect({ session, principal }: Caller, refs: readonly string[]): Promise<Inspection[]> {
    const ask = (own: readonly { readonly ref: string }[]) =>
      courier.inspect(
        session,
        own.map(({ ref }) => ref),
      )
    return inParts(
      refs.map((ref) => ({ ref })),
      {
        ask: (part) => ofRef(principal, part, ask),
        weigh: (told) => (told.type === 'job' ? told.errors.reduce((sum, outcome) => sum + weighOutcome(outcome), 0) : 0),
        pause: (weight) => {
          if (weight > bounds.bufferLimit / 2)
            throw refuse('payload_too_large', 'What there is to know of these jobs does not fit one answer: ask for fewer.')
        },
        take: (told) => [...told],
      },
    )
  }

  /** Parses each entry by itself, so that a bad one does not refuse its neighbours, unless they are to stand or fall together. */
  async function submit(caller: Caller, entries: unknown[], atomic: boolean): Promise<Submitted[]> {
    const { session, principal, allowance } = caller
    onlyWaits(principal)
    allowance.spend(entries.length)
    const good: JobRequest[] = []
    const checked = entries.map((entry) => {
      const each = authorise(principal, check(entry, limits))
      if ('job' in each) good.push(each.job)
      return each
    })
    if (atomic && good.length < checked.length) {
      const message = 'Not stored, because another job of the same message was refused.'
      return checked.map((each) => ('job' in each ? { ref: each.job.ref, refused: { code: 'invalid_job', message } } : each))
    }
    checkRoom(
      caller,
      good.filter(({ want }) => want),
    )
    const stored = good.length > 0 ? await intake.submit(session, good, atomic) : []
    let next = 0
    return checked.map((each) => ('job' in each ? (stored[next++] as Submitted) : each))
  }
}

interface Caller {
  readonly session: ClientSession
  readonly principal: ClientPrincipal
  readonly allowance: Allowance
}

/** When a connection that awaits as much as it may is asked to come again, in seconds. */
const retryAfter = 1

/** Issues of one job that are told: a list in it may be as long as its sender likes. */
const mostIssues = 20

/** Who was let in for one ref may do nothing but wait for it. */
function onlyWaits({ ref }: ClientPrincipal): void {
  if (ref !== undefined) throw refuse('forbidden', 'This token is for awaiting and watching one job only.')
}

/** Asks for what a caller may know. To who was let in for one ref, every other is as unknown as one that never was. */
async function ofRef<Entry extends { readonly ref: string }, Told>(
  { ref }: ClientPrincipal,
  entries: readonly Entry[],
  ask: (entries: readonly Entry[]) => Promise<Told[]>,
): Promise<(Told | { ref: string; type: 'not_found' })[]> {
  if (ref === undefined) return ask(entries)
  const own = entries.filter((entry) => entry.ref === ref)
  const told = own.length > 0 ? await ask(own) : []
  let next = 0
  return entries.map((entry) => (entry.ref === ref ? (told[next++] as Told) : { ref: entry.ref, type: 'not_found' }))
}

type Checked = { job: JobRequest } | Extract<Submitted, { refused: unknown }>

function authorise(principal: ClientPrincipal, checked: Checked): Checked {
  if (!('job' in checked) || mayName(principal, checked.job)) return checked
  const { ref, name, queue } = checked.job
  return { ref, refused: { code: 'forbidden', message: `This token is not for jobs named "${name}" in the queue "${queue}".` } }
}

function check(entry: unknown, limits: Limits): Checked {
  const parsed = submitEntry.safeParse(entry)
  if (!parsed.success) {
    const ref = (entry as { ref?: unknown } | null)?.ref
    if (!isRef(ref)) throw refuse('invalid_message', 'A job of the message has no ref, which is a UUID in lower case.')
    const issues = parsed.error.issues.slice(0, mostIssues).map(({ path, message }) => ({
      path: path.map((key) => (typeof key === 'number' ? key : String(key))),
      message,
    }))
    return { ref, refused: { code: 'invalid_job', message: 'The job is not as the protocol has it.', issues } }
  }
  const job = parsed.data
  if (fits(job.args, limits.argsBytes)) return { job }
  return { ref: job.ref, refused: { code: 'payload_too_large', message: `The encoded args take more than ${limits.argsBytes} bytes.` } }
}
