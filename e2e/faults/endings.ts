import type { Watched } from '@anchorleg/shared'
import type { RawPeer } from '#e2e/harness/rawPeer.js'
import type { Ending } from '#e2e/history/event.js'
import { markOf } from '#e2e/history/print.js'

/** Refs in one message. */
const batch = 200

/** A cursor before everything. */
const outset = { run: 0, index: 0, number: 0 }

/** Asks a hub where each ref stands, with all its outcomes. */
export async function endings(caller: RawPeer, refs: readonly string[]): Promise<Map<string, Ending>> {
  const found = new Map<string, Ending>()
  for (let i = 0; i < refs.length; i += batch) {
    const watches = refs.slice(i, i + batch).map((ref) => ({ ref, from: outset }))
    for (const watched of await caller.ask<Watched[]>('watch', { watches })) found.set(watched.ref, endingOf(watched))
  }
  return found
}

function endingOf(watched: Watched): Ending {
  if (watched.type !== 'job') return { standing: watched.type }
  if (watched.more) throw new Error(`The hub has more to tell of ${watched.ref} than one answer holds.`)
  return { standing: 'job', state: watched.state, outcomes: watched.outcomes.map(markOf) }
}
