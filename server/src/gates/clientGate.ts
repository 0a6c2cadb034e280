import { fits, isRef, type JobRequest, type Limits, type Submitted } from '@anchorleg/shared'
import { clientMessages, submitEntry } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import type { Canceller } from '../canceller.js'
import type { ClientSession, Courier } from '../courier.js'
import type { Intake } from '../intake.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Watchers } from '../watchers.js'
import { fitAnswer, sendEvents, sendOutcomes } from './frames.js'
import { guard, route } from './guard.js'
import { shakeHands } from './handshake.js'
import { Line } from './line.js'
import { refuse } from './refused.js'

interface Rooms {
  readonly intake: Intake
  readonly courier: Courier
  readonly canceller: Canceller
  readonly watchers: Watchers
  readonly telemetry: TelemetryBus
  readonly limits: Limits
}

/** Where callers come in: they submit jobs, and attach to refs. */
export function openClientGate(namespace: Namespace, rooms: Rooms): void {
  const { intake, courier, canceller, watchers, telemetry, limits } = rooms
  shakeHands(namespace, { role: 'client', limits, telemetry }, (socket: Socket, { tenant }) => {
    const line = new Line(socket, limits)
    const session: ClientSession = {
      id: socket.id,
      tenant,
      seesTraces: true,
      rooms: new Set(),
      watched: new Set(),
      tell: {
        outcomes: (outcomes) => line.send(() => sendOutcomes(socket, outcomes, limits)),
        events: (events) => line.send(() => sendEvents(socket, events, limits)),
        expired: (refs) => line.send(() => socket.emit('expired', refs)),
      },
    }
    telemetry.tell({ type: 'peer.connected', role: 'client', peer: socket.id })
    socket.on('disconnect', (reason) => {
      courier.leaveAll(session)
      watchers.leaveAll(session)
      telemetry.tell({ type: 'peer.disconnected', role: 'client', peer: socket.id, reason })
    })
    const routes = {
      submit: route(clientMessages.submit, ({ jobs, atomic }) => submit(session, jobs, atomic)),
      attach: route(clientMessages.attach, async ({ refs }) => {
        const { answer, left } = fitAnswer(await courier.attach(session, refs), limits)
        if (left.length > 0) session.tell.outcomes(left)
        return answer
      }),
      look: route(clientMessages.look, async ({ refs }) => fitAnswer(await courier.look(session, refs), limits).answer),
      detach: route(clientMessages.detach, ({ refs }) => {
        for (const wanted of refs) courier.leave(session, wanted)
        return refs.length
      }),
      cancel: route(clientMessages.cancel, ({ cancels }) =>
        canceller.cancel(cancels.map(({ ref, codec, reason }) => ({ tenant: session.tenant, ref, reason: { codec, value: within(reason) } }))),
      ),
      inspect: route(clientMessages.inspect, async ({ refs }) => courier.inspect(session, refs)),
      watch: route(clientMessages.watch, ({ watches }) => watchers.watch(session, watches)),
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

  /** Parses each entry by itself, so that a bad one does not refuse its neighbours, unless they are to stand or fall together. */
  async function submit(session: ClientSession, entries: unknown[], atomic: boolean): Promise<Submitted[]> {
    const checked = entries.map((entry) => check(entry, limits))
    const good = checked.flatMap((each) => ('job' in each ? [each.job] : []))
    if (atomic && good.length < checked.length) {
      const message = 'Not stored, because another job of the same message was refused.'
      return checked.map((each) => ('job' in each ? { ref: each.job.ref, refused: { code: 'invalid_job', message } } : each))
    }
    const stored = good.length > 0 ? await intake.submit(session, good, atomic) : []
    let next = 0
    return checked.map((each) => ('job' in each ? (stored[next++] as Submitted) : each))
  }
}

function check(entry: unknown, limits: Limits): { job: JobRequest } | Extract<Submitted, { refused: unknown }> {
  const parsed = submitEntry.safeParse(entry)
  if (!parsed.success) {
    const ref = (entry as { ref?: unknown } | null)?.ref
    if (!isRef(ref)) throw refuse('invalid_message', 'A job of the message has no ref, which is a UUID in lower case.')
    const issues = parsed.error.issues.map(({ path, message }) => ({
      path: path.map((key) => (typeof key === 'number' ? key : String(key))),
      message,
    }))
    return { ref, refused: { code: 'invalid_job', message: 'The job is not as the protocol has it.', issues } }
  }
  const job = parsed.data
  if (fits(job.args, limits.argsBytes)) return { job }
  return { ref: job.ref, refused: { code: 'payload_too_large', message: `The encoded args take more than ${limits.argsBytes} bytes.` } }
}
