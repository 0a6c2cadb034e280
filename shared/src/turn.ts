type Schedule = (callback: () => void) => void

/**
 * Runs a callback at the end of this turn of the event loop: after every microtask that is due, before any timer.
 * In Node this is setImmediate; a browser has none, and a MessageChannel is what comes closest.
 */
export const endOfTurn: Schedule = typeof setImmediate === 'function' ? (callback) => void setImmediate(callback) : throughChannel()

function throughChannel(): Schedule {
  const waiting: (() => void)[] = []
  let channel: MessageChannel | undefined
  return (callback) => {
    if (!channel) {
      channel = new MessageChannel()
      channel.port1.onmessage = () => waiting.shift()?.()
    }
    waiting.push(callback)
    channel.port2.postMessage(null)
  }
}

/**
 * Entries that travel together at most. A long list goes on in parts of this size, so that the hub, its store, the worker and the
 * caller work on different parts at the same time rather than one after the other; parts much smaller would pay more for
 * each frame and each commit than that gains.
 */
export const stride = 256

/**
 * Gathers what is added during one turn of the event loop and hands it over as one list at its end, or as soon as it holds a
 * {@link stride} of entries. This is how one turn becomes one frame and one transaction; an item that comes alone waits for no timer.
 */
export class Gathering<T> {
  #items: T[] = []
  #weight = 0
  #scheduled = false

  constructor(
    private readonly flush: (items: T[]) => void,
    /** How many entries an item holds; where it is not said, everything waits for the end of the turn. */
    private readonly weigh: (item: T) => number = () => 0,
  ) {}

  add(item: T): void {
    this.#items.push(item)
    this.#weight += this.weigh(item)
    if (this.#weight >= stride) this.#handOver()
    else if (!this.#scheduled) {
      this.#scheduled = true
      endOfTurn(() => {
        this.#scheduled = false
        if (this.#items.length > 0) this.#handOver()
      })
    }
  }

  #handOver(): void {
    const items = this.#items
    this.#items = []
    this.#weight = 0
    this.flush(items)
  }
}
