import type { RelayError } from './errors.js'

type Event = 'connect' | 'disconnect' | 'error'
type Listener = (error?: RelayError) => void

/** What a client tells whoever listens. A listener that throws harms nobody. */
export class Events {
  readonly #listeners: Readonly<Record<Event, Set<{ readonly call: Listener }>>> = { connect: new Set(), disconnect: new Set(), error: new Set() }

  readonly on = (event: Event, call: Listener): (() => void) => {
    const listeners = Object.hasOwn(this.#listeners, event) ? this.#listeners[event] : undefined
    if (!listeners || typeof call !== 'function') throw new TypeError('expected on("connect" | "disconnect" | "error", listener)')
    const entry = { call }
    listeners.add(entry)
    return () => void listeners.delete(entry)
  }

  tell(event: Event, error?: RelayError): void {
    for (const { call } of [...this.#listeners[event]]) {
      try {
        if (error) call(error)
        else call()
      } catch {
        // A listener's own fault is not the connection's.
      }
    }
  }
}
