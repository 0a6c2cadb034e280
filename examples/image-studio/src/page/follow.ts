import type { AwaitResult, Client, Relay, Waiting } from '@anchorleg/client'

/** A relay, or one that is still on its way to the hub. */
export type Relayed<T, P = unknown, C = unknown> = Relay<T, P, C> | Promise<Relay<T, P, C>>

/**
 * Awaits a job for as long as it takes, and tells every few seconds what it waits for.
 * Nothing is lost if this stops in between: whoever awaits the ref again gets the same result.
 */
export async function follow<T>(client: Client, relay: Relayed<T>, onWaiting: (waiting: Waiting) => void): Promise<AwaitResult<T>> {
  for (;;) {
    const result = await client.await(relay, { timeout: 4000, withRetries: true })
    if (result.type !== 'error' || result.error.code !== 'timeout') return result
    onWaiting(result.error.waiting)
  }
}
