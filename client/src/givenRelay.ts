import { show } from './options.js'
import { isRelay, type Relay } from './relay.js'

/** Whether something is thenable, like the promise of a relay. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function'
}

/**
 * Keeps what a call was given to a relay or the promise of one. `place` says which of several it is.
 * @throws {TypeError}
 */
export function demandRelay(given: unknown, place = ''): void {
  if (isRelay(given) || isPromise(given)) return
  throw new TypeError(`expected a relay or the promise of one${place}, got ${show(given)}; client.attach makes one of a ref`)
}

/** The relay that a call was given, or the promise of. Rejects as that promise does, and with TypeError when it gives no relay. */
export async function givenRelay(given: unknown): Promise<Relay> {
  // Its rejection is told here, so it is no unhandled one even when the call is refused before.
  if (isPromise(given)) Promise.resolve(given).catch(() => {})
  demandRelay(given)
  const relay = await given
  if (!isRelay(relay)) throw new TypeError(`expected the promise of a relay, got that of ${show(relay)}`)
  return relay
}
