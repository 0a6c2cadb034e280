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
 * Gathers what is added during one turn of the event loop and hands it over as one list at its end.
 * This is how one turn becomes one frame and one transaction; an item that comes alone waits for no timer.
 */
export class Gathering<T> {
  #items: T[] = []

  constructor(private readonly flush: (items: T[]) => void) {}

  add(item: T): void {
    if (this.#items.push(item) === 1) endOfTurn(() => this.#handOver())
  }

  #handOver(): void {
    const items = this.#items
    this.#items = []
    this.flush(items)
  }
}
