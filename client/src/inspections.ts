import type { ClientAsks, JobState, Json, OutcomeError, Waiting, Inspection as Wire } from '@anchorleg/shared'
import { messages } from './attachments.js'
import type { Connection } from './connection.js'
import { RelayError } from './errors.js'
import { givenRelay } from './givenRelay.js'
import { Inquiries } from './inquiries.js'
import { readError } from './readOutcome.js'

/** All there is to know about a job but its args and its result. */
export interface Inspection {
  readonly ref: string
  readonly name: string
  readonly queue: string
  readonly state: JobState
  /** What it waits for; null once it has ended. */
  readonly waiting: Waiting | null
  readonly attempt: number
  readonly maxAttempts: number
  readonly priority: number
  readonly tags: readonly string[]
  readonly meta: { readonly [key: string]: Json }
  /** Whether somebody asked to cancel it while it ran. */
  readonly cancelRequested: boolean
  /** Its failed attempts, oldest first, at most the last 100. A reason that cannot be read here is undefined. */
  readonly errors: readonly (OutcomeError & { readonly at: Date })[]
  readonly insertedAt: Date
  /** When it was, or will be, due. */
  readonly scheduledAt: Date
  /** When its latest attempt began. */
  readonly attemptedAt: Date | null
  readonly finishedAt: Date | null
}

interface Rooms {
  readonly connection: Connection<ClientAsks>
  readonly isUnderWay: (ref: string) => boolean
  /** Milliseconds from the call to `unreachable`. */
  readonly submitTimeout: number
}

/** Bytes of one ref in a frame. */
const weight = 64

/** Asks the hub about jobs. */
export class Inspections {
  readonly inquiries: Inquiries<string, Wire>

  constructor(private readonly rooms: Rooms) {
    const { connection, isUnderWay } = rooms
    const ask = (refs: string[]) => connection.ask('inspect', { refs })
    this.inquiries = new Inquiries({ connection, ask, weigh: () => weight, isUnderWay, patient: false })
  }

  /** Rejects with RelayError, as the promise of a relay does, and with TypeError for what is no relay. */
  async inspect(given: unknown): Promise<Inspection> {
    const { ref } = await givenRelay(given)
    const { connection, submitTimeout } = this.rooms
    connection.open()
    return this.inquiries.once({ ref, asked: ref }, submitTimeout, read)
  }
}

function read(told: Wire): Inspection {
  if (told.type !== 'job') throw new RelayError(told.type, messages[told.type], { ref: told.ref })
  const { type: _, errors, insertedAt, scheduledAt, attemptedAt, finishedAt, ...plain } = told
  return {
    ...plain,
    meta: plain.meta as Inspection['meta'],
    errors: errors.flatMap((outcome) => (outcome.type === 'error' ? [{ ...readError(outcome), at: new Date(outcome.at) }] : [])),
    insertedAt: new Date(insertedAt),
    scheduledAt: new Date(scheduledAt),
    attemptedAt: attemptedAt === null ? null : new Date(attemptedAt),
    finishedAt: finishedAt === null ? null : new Date(finishedAt),
  }
}
