import type { z } from 'zod'
import type { adminMessages, QueueState } from './schemas/adminMessages.js'
import type { Answer, Refusal, Standing, Submitted } from './schemas/answers.js'
import type { clientMessages } from './schemas/clientMessages.js'
import type { Handshake, Welcome } from './schemas/handshake.js'
import type { JobRequestInput } from './schemas/job.js'
import type { RefOutcome } from './schemas/outcome.js'
import type { Cancelled, Inspection, WatchEvent, Watched } from './schemas/watching.js'
import type { Assignment, EmitVerdict, Lease, workerMessages } from './schemas/workerMessages.js'

export type { QueueChange, QueueState } from './schemas/adminMessages.js'
export type { Answer, Issue, Refusal, Standing, Submitted } from './schemas/answers.js'
export type { Handshake, Welcome } from './schemas/handshake.js'
export type { JobRequest, JobRequestInput, Unique } from './schemas/job.js'
export type { AttemptOutcome, Outcome, RefOutcome } from './schemas/outcome.js'
export type { Cancelled, Chunk, Cursor, Inspection, WatchEvent, Watched } from './schemas/watching.js'
export type { Assignment, Emission, EmitVerdict, Lease, ProgressReport, Registration, Settlement } from './schemas/workerMessages.js'

/** What one awaiter of a ref wants: the latest or next outcome, or the final one. */
export type Want = 'any' | 'final'

/** The Socket.IO namespaces. */
export const namespaces = { client: '/client', worker: '/worker', admin: '/admin' } as const

type Ask<Message, Reply> = (message: Message, answer: (reply: Answer<Reply>) => void) => void
type In<Schema extends z.ZodType> = z.input<Schema>

/** The events of `/client`, client to hub. */
export interface ClientAsks {
  submit: Ask<{ jobs: JobRequestInput[]; atomic?: boolean }, Submitted[]>
  attach: Ask<In<typeof clientMessages.attach>, Standing[]>
  look: Ask<In<typeof clientMessages.look>, Standing[]>
  detach: Ask<In<typeof clientMessages.detach>, number>
  cancel: Ask<In<typeof clientMessages.cancel>, Cancelled[]>
  inspect: Ask<In<typeof clientMessages.inspect>, Inspection[]>
  watch: Ask<In<typeof clientMessages.watch>, Watched[]>
  unwatch: Ask<In<typeof clientMessages.unwatch>, number>
}

/** The events of every namespace, hub to peer. */
interface Tells {
  welcome: (welcome: Welcome) => void
  /** The hub ends the connection, and says why: `unauthorized` when the token has run out. */
  goodbye: (why: Refusal) => void
}

/** The events of `/client`, hub to client. */
export interface ClientTells extends Tells {
  outcomes: (outcomes: RefOutcome[]) => void
  /** What happened to jobs that this connection watches. */
  events: (events: WatchEvent[]) => void
  /** Refs whose job was deleted after its retention while they were awaited or watched. */
  expired: (refs: string[]) => void
}

/** The events of `/worker`, worker to hub. */
export interface WorkerAsks {
  register: Ask<In<typeof workerMessages.register>, { held: boolean[]; leaseMs: number }>
  settle: Ask<In<typeof workerMessages.settle>, ('settled' | 'stale')[]>
  renew: Ask<In<typeof workerMessages.renew>, boolean[]>
  progress: Ask<In<typeof workerMessages.progress>, ('stored' | 'stale')[]>
  emit: Ask<In<typeof workerMessages.emit>, EmitVerdict[]>
  drain: Ask<In<typeof workerMessages.drain>, ('released' | 'stale')[]>
}

/** The events of `/worker`, hub to worker. */
export interface WorkerTells extends Tells {
  /** Acknowledged once the worker keeps their leases. */
  perform: (assignments: Assignment[], acknowledge: () => void) => void
  /** Leases that are lost: the worker's word on them no longer counts, so their signals abort. */
  lost: (leases: Lease[]) => void
  /** Jobs that are to stop, each with its sealed reason: their signals abort. Said again when their worker registers again. */
  cancel: (cancels: (Lease & { codec: string; reason: string })[]) => void
}

/** The events of `/admin`, admin to hub. */
export interface AdminAsks {
  queues: Ask<In<typeof adminMessages.queues>, QueueState[]>
  setQueues: Ask<In<typeof adminMessages.setQueues>, QueueState[]>
  retry: Ask<In<typeof adminMessages.retry>, ('retried' | 'unfinished' | 'not_found' | 'expired')[]>
}

/** What a peer sends as Socket.IO's `auth`. */
export type Auth = Handshake
