import {
  byteLength,
  type Cancelled,
  type ClientAsks,
  codecTag,
  EncodeError,
  fits,
  frameShare,
  type JobState,
  type Outcome,
  seal,
} from '@anchorleg/shared'
import { type Attachments, messages } from './attachments.js'
import type { Connection } from './connection.js'
import { Ending } from './ending.js'
import { RelayError } from './errors.js'
import { givenRelay } from './givenRelay.js'
import { Inquiries } from './inquiries.js'
import { type Opt, optionsOf } from './options.js'

/** What became of a wish to cancel. */
export interface Cancellation {
  /** Whether the job ended as cancelled; false when it finished first. */
  readonly cancelled: boolean
  /** The state it ended in; `executing` when it had not ended after 30 s. */
  readonly state: JobState
}

interface Asked {
  readonly ref: string
  readonly codec: string
  readonly reason: string
}

interface Rooms {
  readonly connection: Connection<ClientAsks>
  readonly attachments: Pick<Attachments, 'add' | 'remove'>
  readonly isUnderWay: (ref: string) => boolean
  /** Milliseconds from the call to `unreachable`. */
  readonly submitTimeout: number
  /** Milliseconds that a running job has to end. */
  readonly endsWithin?: number | undefined
}

/** The hub's grace of 10 s, and time for a hub that has only just started again. */
const longEnough = 30_000

/** Cancels jobs, and follows those that run to their end. */
export class Cancellations {
  readonly inquiries: Inquiries<Asked, Cancelled>
  readonly #endings = new Set<Ending>()

  constructor(private readonly rooms: Rooms) {
    const { connection, isUnderWay } = rooms
    this.inquiries = new Inquiries({
      connection,
      ask: (cancels: Asked[]) => connection.ask('cancel', { cancels }),
      weigh: ({ reason }) => header + frameShare(reason),
      refuse: ({ ref, reason }, { argsBytes }) => (fits(reason, argsBytes) ? undefined : tooLarge(ref, reason, argsBytes)),
      isUnderWay,
      patient: false,
    })
  }

  /** Rejects with RelayError, as the promise of a relay does, and with TypeError for what is no relay, for wrong options and for a reason that cannot be encoded. */
  async cancel(given: unknown, options: Opt<{ reason: unknown }> | undefined): Promise<Cancellation> {
    const { submitTimeout, connection } = this.rooms
    const relay = givenRelay(given)
    relay.catch(() => {})
    const sealed = sealReason(optionsOf(options, ['reason']).reason)
    const { ref } = await relay
    connection.open()
    const told = await this.inquiries.once({ ref, asked: { ref, codec: codecTag, reason: sealed } }, submitTimeout, read)
    return told.type === 'requested' ? this.#follow(ref) : endedAs(told.state)
  }

  /** Ends what is not answered yet, and whatever comes later. */
  end(error: RelayError): void {
    this.inquiries.end(error)
    for (const ending of this.#endings) ending.failed(error.code, error.message)
  }

  /** The job runs: what it ends as is its answer. */
  async #follow(ref: string): Promise<Cancellation> {
    const { attachments, endsWithin = longEnough } = this.rooms
    const ending = new Ending(ref, endsWithin)
    this.#endings.add(ending)
    attachments.add(ref, ending)
    try {
      const outcome = await ending.result
      return endedAs(outcome ? stateAfter(outcome) : 'executing')
    } finally {
      this.#endings.delete(ending)
      attachments.remove(ref, ending)
    }
  }
}

/** Bytes of an entry beside its reason. */
const header = 128

type Known = Extract<Cancelled, { state: unknown }>

function read(told: Cancelled): Known {
  if (told.type === 'not_found' || told.type === 'expired') throw new RelayError(told.type, messages[told.type], { ref: told.ref })
  return told
}

function endedAs(state: JobState): Cancellation {
  return { cancelled: state === 'cancelled', state }
}

/** The state that a final outcome has left its job in. */
function stateAfter({ type }: Outcome): JobState {
  return type === 'ok' ? 'completed' : type === 'cancel' ? 'cancelled' : 'discarded'
}

function sealReason(reason: unknown): string {
  try {
    return seal(reason)
  } catch (error) {
    throw error instanceof EncodeError ? new TypeError(`reason: ${error.message}`, { cause: error }) : error
  }
}

function tooLarge(ref: string, reason: string, argsBytes: number): RelayError {
  return new RelayError('payload_too_large', `The encoded reason takes ${byteLength(reason)} bytes; at most ${argsBytes} are taken.`, { ref })
}
