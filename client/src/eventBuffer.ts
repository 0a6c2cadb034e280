import type { RelayError } from './errors.js'
import type { SealedEvent } from './watchEvent.js'

/** States that wait unread at most; beyond them the oldest give way. */
const statesKept = 64

interface Reader {
  resolve(event: SealedEvent | undefined): void
  reject(error: RelayError): void
}

/**
 * What a watcher has not read yet. Progress gives way to newer progress, and of very many states the oldest; chunks and
 * outcomes all wait.
 */
export class EventBuffer {
  readonly #unread = new Set<SealedEvent>()
  readonly #readers: Reader[] = []
  #end: { error: RelayError | undefined } | undefined

  put(event: SealedEvent): void {
    if (this.#end) return
    const reader = this.#readers.shift()
    if (reader) return reader.resolve(event)
    if (event.type === 'progress') this.#giveWay('progress', 1)
    if (event.type === 'state') this.#giveWay('state', statesKept)
    this.#unread.add(event)
  }

  /** Nothing more comes: with an error, which is told once, behind what is unread. */
  end(error?: RelayError): void {
    if (this.#end) return
    this.#end = { error }
    for (const reader of this.#readers.splice(0)) this.#tellEnd(reader)
  }

  /** Drops what is unread. */
  clear(): void {
    this.#unread.clear()
  }

  /** The next event, once there is one; undefined after the last. */
  take(): Promise<SealedEvent | undefined> {
    return new Promise((resolve, reject) => {
      const [next] = this.#unread
      if (next) {
        this.#unread.delete(next)
        resolve(next)
      } else if (this.#end) this.#tellEnd({ resolve, reject })
      else this.#readers.push({ resolve, reject })
    })
  }

  #tellEnd({ resolve, reject }: Reader): void {
    const error = this.#end?.error
    this.#end = { error: undefined }
    if (error) reject(error)
    else resolve(undefined)
  }

  #giveWay(type: SealedEvent['type'], kept: number): void {
    const alike = [...this.#unread].filter((event) => event.type === type)
    for (const event of alike.slice(0, Math.max(0, alike.length - kept + 1))) this.#unread.delete(event)
  }
}
