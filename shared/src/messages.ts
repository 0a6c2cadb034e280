import type { z } from 'zod'
import type { Answer, Standing, Submitted } from './schemas/answers.js'
import type { clientMessages } from './schemas/clientMessages.js'
import type { Handshake, Welcome } from './schemas/handshake.js'
import type { JobRequestInput } from './schemas/job.js'
import type { RefOutcome } from './schemas/outcome.js'
import type { Assignment, Lease, workerMessages } from './schemas/workerMessages.js'

export type { Answer, Issue, Refusal, Standing, Submitted } from './schemas/answers.js'
export type { Handshake, Welcome } from './schemas/handshake.js'
export type { JobRequest, JobRequestInput } from './schemas/job.js'
export type { AttemptOutcome, Outcome, RefOutcome } from './schemas/outcome.js'
export type { Assignment, Lease, Registration, Settlement } from './schemas/workerMessages.js'

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
}

/** The events of `/client`, hub to client. */
export interface ClientTells {
  welcome: (welcome: Welcome) => void
  outcomes: (outcomes: RefOutcome[]) => void
}

/** The events of `/worker`, worker to hub. */
export interface WorkerAsks {
  register: Ask<In<typeof workerMessages.register>, { held: boolean[]; leaseMs: number }>
  settle: Ask<In<typeof workerMessages.settle>, ('settled' | 'stale')[]>
  renew: Ask<In<typeof workerMessages.renew>, boolean[]>
  drain: Ask<In<typeof workerMessages.drain>, ('released' | 'stale')[]>
}

/** The events of `/worker`, hub to worker. */
export interface WorkerTells {
  welcome: (welcome: Welcome) => void
  perform: (assignments: Assignment[]) => void
  /** Leases that are lost: the worker's word on them no longer counts, so their signals abort. */
  lost: (leases: Lease[]) => void
}

/** What a peer sends as Socket.IO's `auth`. */
export type Auth = Handshake
