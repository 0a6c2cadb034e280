import { after, byteLength, chunkBounds, codecTag, fits, type Lease, progressBytes } from '@anchorleg/shared'
import { EmitError, type Log } from '../context.js'
import type { Definition } from '../definition.js'
import { sealReport } from '../sealReport.js'
import type { Emissions } from './emissions.js'
import type { ProgressReports } from './progressReports.js'

/** Milliseconds between two reports of progress. */
const pace = 100

export interface FeedRooms {
  readonly emissions: Pick<Emissions, 'add' | 'drop'>
  readonly reports: Pick<ProgressReports, 'add' | 'flushed' | 'drop'>
}

interface Terms {
  readonly lease: Lease
  readonly definition: Pick<Definition, 'progress' | 'chunk'>
  /** Bytes that one chunk may take. */
  readonly chunkBytes: number
  readonly log: Log
}

/** What one running attempt says of itself: its progress and its chunks. */
export class Feed {
  #isOver = false
  /** Why no chunk is taken any more. */
  #refusal: EmitError | undefined

  #index = 0
  #bytes = 0
  #stored = 0
  /** The chunk whose validation takes its time: those behind it wait for it, to keep their order. */
  #checking: Promise<unknown> | undefined
  readonly #underWay = new Set<Promise<void>>()
  readonly #logged = new Set<string>()

  #latest: { readonly value: unknown } | undefined
  #rests = false
  #stopRest = () => {}
  #reporting: Promise<void> = Promise.resolve()

  constructor(
    private readonly terms: Terms,
    private readonly rooms: FeedRooms,
  ) {}

  readonly progress = (value: unknown): void => {
    if (this.#isOver) return
    this.#latest = { value }
    if (!this.#rests) this.#report()
  }

  readonly emit = (chunk: unknown): Promise<void> => {
    const stored = this.#emit(chunk)
    this.#underWay.add(stored)
    stored.catch((error: EmitError) => this.#log(error)).finally(() => this.#underWay.delete(stored))
    return stored
  }

  /** The handler is done. Resolves, once all that it has said is stored or refused, with how many chunks are stored. */
  async finish(): Promise<number> {
    this.#isOver = true
    this.#stopRest()
    if (this.#latest) this.#report()
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay)
    await this.#reporting
    await this.rooms.reports.flushed(this.terms.lease.lease)
    return this.#stored
  }

  /** The attempt counts no longer: nothing more of it is said. */
  drop(): void {
    const { lease } = this.terms.lease
    this.#isOver = true
    this.#refusal = new EmitError('stale', 'The chunk is not stored: the lease on this job is lost, or was given back.')
    this.#stopRest()
    this.#latest = undefined
    this.rooms.emissions.drop(lease, this.#refusal)
    this.rooms.reports.drop(lease)
  }

  async #emit(chunk: unknown): Promise<void> {
    if (this.#refusal) throw this.#refusal
    if (this.#isOver) throw new EmitError('ended', 'The chunk is not stored: its attempt has ended.')
    const sealed = sealReport(this.terms.definition.chunk, chunk, 'chunk')
    const before = this.#checking
    if (typeof sealed === 'string' && !before) return this.#add(sealed)
    const checking = Promise.allSettled([sealed, before])
    this.#checking = checking
    const [checked] = await checking
    if (this.#checking === checking) this.#checking = undefined
    if (checked.status === 'rejected') throw checked.reason
    return this.#add(checked.value)
  }

  async #add(value: string): Promise<void> {
    if (this.#refusal) throw this.#refusal
    const { lease, chunkBytes } = this.terms
    const bytes = byteLength(value)
    if (bytes > chunkBytes) throw new EmitError('too_large', `The encoded chunk takes ${bytes} bytes; at most ${chunkBytes} are taken.`)
    if (this.#index >= chunkBounds.count || this.#bytes + bytes > chunkBounds.bytes) {
      throw new EmitError('full', `An attempt may emit ${chunkBounds.count} chunks of ${chunkBounds.bytes} bytes together; this one would be beyond.`)
    }
    this.#bytes += bytes
    try {
      await this.rooms.emissions.add({ ...lease, index: this.#index++, codec: codecTag, value })
      this.#stored += 1
    } catch (error) {
      // Behind a chunk that is missing, no other is taken.
      this.#refusal ??= error as EmitError
      throw error
    }
  }

  /** Sends the latest progress, then rests. */
  #report(): void {
    const { lease, definition, log } = this.terms
    const { value } = this.#latest ?? {}
    this.#latest = undefined
    this.#rest()
    this.#reporting = this.#reporting
      .then(() => sealReport(definition.progress, value, 'progress'))
      .then((sealed) => {
        if (this.#refusal?.code === 'stale') return
        if (fits(sealed, progressBytes)) this.rooms.reports.add({ ...lease, codec: codecTag, value: sealed })
        else log.warn(`Progress is dropped: encoded it takes ${byteLength(sealed)} bytes; at most ${progressBytes} are taken.`)
      })
      .catch((error: EmitError) => log.warn(`Progress is dropped. ${error.message}`))
  }

  #rest(): void {
    if (this.#isOver) return
    this.#rests = true
    this.#stopRest = after(pace, () => {
      this.#rests = false
      if (this.#latest) this.#report()
    })
  }

  /** A handler need not look whether its chunks are stored, but somebody should know. */
  #log({ code, message }: EmitError): void {
    if (code === 'stale' || code === 'ended' || this.#logged.has(code)) return
    this.#logged.add(code)
    this.terms.log.warn(message, { code })
  }
}
