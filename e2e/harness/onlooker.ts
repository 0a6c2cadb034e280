import type { Client, Relay, WatchEvent } from '@anchorleg/client'
import type { Step } from './jobs.js'

/** What a watcher of `play` is told. */
export type Seen = WatchEvent<number, number, string>

export const emits = (values: readonly string[]): Step[] => values.map((emit) => ({ emit }))

/** Watches a job to its end, or to this event. What it has seen so far is in `seen` as well. */
export async function see(
  client: Client,
  relay: Relay<number, number, string>,
  seen: Seen[] = [],
  until?: (event: Seen) => boolean,
): Promise<Seen[]> {
  for await (const event of client.watch(relay)) {
    seen.push(event)
    if (until?.(event)) break
  }
  return seen
}

export const chunksOf = (seen: readonly Seen[], attempt?: number) =>
  seen.flatMap((event) => (event.type === 'chunk' && event.attempt === (attempt ?? event.attempt) ? [event] : []))

/** An event in a few words. */
export function brief(event: Seen): string {
  switch (event.type) {
    case 'state':
      return `${event.state} ${event.attempt}`
    case 'progress':
      return `progress ${event.attempt} ${event.value}`
    case 'chunk':
      return `chunk ${event.attempt}.${event.index} ${event.value}`
    default:
      return `outcome ${event.attempt} ${event.result.type}${event.final ? ' final' : ''}`
  }
}
