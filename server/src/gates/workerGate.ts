import { type Emission, fits, type Lease, type Limits, type Registration, type Settlement } from '@anchorleg/shared'
import { workerMessages } from '@anchorleg/shared/schemas'
import type { Namespace, Socket } from 'socket.io'
import type { Canceller } from '../canceller.js'
import type { Dispatcher } from '../dispatcher.js'
import { covers, mayName } from '../identity/authority.js'
import type { Doorkeeper } from '../identity/doorkeeper.js'
import type { WorkerPrincipal } from '../identity/principal.js'
import type { Lifeline } from '../lifeline.js'
import type { Receipts } from '../receipts.js'
import type { Reporter } from '../reporter.js'
import { openSlots, type Roster, type WorkerSession } from '../roster.js'
import type { Settler } from '../settler.js'
import type { Held } from '../store/store.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Admission } from './admission.js'
import { assignmentFrames } from './frames.js'
import { guard, route } from './guard.js'
import { type PeerData, shakeHands } from './handshake.js'
import { refuse } from './refused.js'

interface Rooms {
  readonly doorkeeper: Doorkeeper
  readonly roster: Roster
  readonly dispatcher: Dispatcher
  readonly settler: Settler
  readonly lifeline: Lifeline
  readonly receipts: Receipts
  readonly canceller: Canceller
  readonly reporter: Reporter
  readonly telemetry: TelemetryBus
  readonly limits: Limits
  readonly admission: Admission
  readonly leaseMs: number
}

/** Where workers come in: they register what they run, settle what they ran, and keep their leases. */
export function openWorkerGate(namespace: Namespace, rooms: Rooms): void {
  const { doorkeeper, roster, dispatcher, settler, lifeline, receipts, telemetry, limits } = rooms
  shakeHands(
    namespace,
    { role: 'worker', doorkeeper, admission: rooms.admission, limits, telemetry, origin: 'none' },
    (socket: Socket, principal) => {
      telemetry.tell({ type: 'peer.connected', role: 'worker', peer: socket.id })
      socket.on('disconnect', (reason) => {
        const session = roster.get(socket.id)
        if (session) receipts.forget(session)
        const left = roster.leave(socket.id)
        // A worker whose token has run out fetches another: its leases last as long as they do.
        if (!(socket.data as PeerData).expired) lifeline.shorten(left, socket.id)
        telemetry.tell({ type: 'peer.disconnected', role: 'worker', peer: socket.id, reason })
      })
      const routes = {
        register: route(workerMessages.register, (registration) => register(socket, principal, registration)),
        settle: route(workerMessages.settle, ({ settlements }) => settler.settle(registered(socket), settlements.map(withinLimit))),
        renew: route(workerMessages.renew, ({ leases }) => lifeline.renew(leases)),
        progress: route(workerMessages.progress, ({ reports }) => rooms.reporter.progress(reports)),
        emit: route(workerMessages.emit, ({ chunks }) => rooms.reporter.emit(within(chunks))),
        drain: route(workerMessages.drain, ({ release }) => drain(registered(socket), release)),
      }
      guard(socket, routes, { telemetry, limits })
    },
  )

  async function register(socket: Socket, principal: WorkerPrincipal, { names, queues, held }: Registration) {
    if (roster.get(socket.id)) throw refuse('invalid_message', 'This connection has registered already.')
    checkAuthority(principal, names, Object.keys(queues))
    const kept = held.length > 0 ? await lifeline.reclaim(held, socket.id, (each) => mayHold(principal, each)) : []
    const session: WorkerSession = {
      id: socket.id,
      tenant: principal.tenant,
      names: new Set(names),
      queues: openSlots(queues),
      held: new Map(),
      draining: false,
      silent: false,
      overdue: false,
      tell: {
        perform: (assignments) => {
          for (const frame of assignmentFrames(assignments, limits)) socket.emit('perform', frame, receipts.expect(session, frame))
        },
        lost: (leases) => socket.emit('lost', leases),
        cancel: (cancels) => socket.emit('cancel', cancels),
      },
    }
    if (socket.disconnected) {
      lifeline.shorten(
        held.filter((_, i) => kept[i]),
        socket.id,
      )
      throw refuse('closed', 'The connection closed while it registered.')
    }
    held.forEach((lease, i) => {
      const queue = kept[i]?.queue
      if (queue !== undefined) roster.hold(session, lease, queue)
    })
    roster.join(session)
    kept.forEach((lane, i) => {
      if (lane?.cancel) rooms.canceller.ask(held[i] as Lease, lane.cancel)
    })
    socket.conn.on('packet', () => lifeline.heard(session))
    dispatcher.fill()
    const lost = kept.filter((lane) => lane === null).length
    const slots = Object.values(queues).reduce((sum, n) => sum + n, 0)
    telemetry.tell({ type: 'worker.registered', peer: socket.id, names: session.names.size, slots, held: held.length - lost, lost })
    return { held: kept.map((lane) => lane !== null), leaseMs: rooms.leaseMs }
  }

  /** A worker says what it runs once and for all, so that a name too many refuses it as a whole. */
  function checkAuthority(principal: WorkerPrincipal, names: readonly string[], queues: readonly string[]): void {
    const wrong = [
      ...queues.filter((queue) => !covers(principal.queues, queue)).map((queue) => `the queue "${queue}"`),
      ...names.filter((name) => !covers(principal.jobs, name)).map((name) => `jobs named "${name}"`),
    ]
    if (wrong.length > 0)
      throw refuse('forbidden', `This token is not for ${wrong.slice(0, mostNamed).join(', ')}${wrong.length > mostNamed ? ', …' : ''}.`)
  }

  function registered(socket: Socket): WorkerSession {
    const session = roster.get(socket.id)
    if (!session) throw refuse('invalid_message', 'A worker registers before anything else.')
    return session
  }

  function drain(session: WorkerSession, release: readonly Lease[]) {
    if (!session.draining) {
      session.draining = true
      telemetry.tell({ type: 'worker.draining', peer: session.id })
    }
    return settler.release(session, release)
  }

  /** A chunk is no larger than a result may be. */
  function within(chunks: Emission[]): Emission[] {
    if (chunks.every(({ value }) => fits(value, limits.resultBytes))) return chunks
    throw refuse('payload_too_large', `A chunk takes more than ${limits.resultBytes} bytes.`)
  }

  /** A worker checks sizes before it sends; one that does not has its outcome replaced, so that its job still ends. */
  function withinLimit(settlement: Settlement): Settlement {
    const { outcome } = settlement
    if (outcome.type === 'snooze' || outcome.value === undefined || fits(outcome.value, limits.resultBytes)) return settlement
    const message = `The encoded result takes more than ${limits.resultBytes} bytes.`
    return { ...settlement, outcome: { type: 'error', code: 'result_too_large', message, codec: outcome.codec } }
  }
}

/** Names in one refusal at most. */
const mostNamed = 10

/** Whether a lease that was given under one token may be presented under this one. */
function mayHold(principal: WorkerPrincipal, held: Held): boolean {
  return (principal.tenant === undefined || principal.tenant === held.tenant) && mayName(principal, held)
}
