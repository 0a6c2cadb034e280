import { codecTag, mintRef, type Outcome, seal, type Watched } from '@anchorleg/shared'
import { clientMessages, watchEvent, watched } from '@anchorleg/shared/schemas'
import type { Client, Relay, WatchEvent } from '#client/index.js'
import { type Heard, okOutcome, type ScriptedHub } from './scriptedHub.js'

type Stored = Extract<Watched, { type: 'job' }>

export const asked = ({ message }: Heard) => clientMessages.watch.parse(message).watches
export const unwatched = ({ message }: Heard) => clientMessages.unwatch.parse(message).refs
export const chunk = (index: number, attempt = 1) => ({ attempt, index, codec: codecTag, value: seal(`${attempt}.${index}`) })
export const progress = (value: unknown, attempt = 1) => ({ attempt, codec: codecTag, value: seal(value) })

/** What a hub answers to a watch: the same to every ref. Unless it says otherwise, each attempt was run once. */
export const stored =
  (state: Stored['state'], attempt: number, more: Partial<Stored> = {}) =>
  (heard: Heard): Watched[] =>
    asked(heard).map(({ ref }) => {
      const empty = { run: attempt, after: 0, at: 5, progress: null, chunks: [], outcomes: [], more: false }
      return watched.parse({ ref, type: 'job', ...empty, ...more, state, attempt })
    })

export const finished = stored('completed', 1, { outcomes: [okOutcome('done')] })

export const push = (hub: ScriptedHub, ref: string, ...events: object[]) =>
  hub.socket.emit(
    'events',
    events.map((event) => watchEvent.parse({ ref, ...event })),
  )

/** What happens to a job, of which each attempt is run once unless it says otherwise. */
export const pushed = {
  state: (state: 'executing' | 'available', attempt = 1, run = attempt) => ({ type: 'state', run, state, attempt, at: 5 }),
  chunk: (index: number, attempt = 1, run = attempt) => ({ type: 'chunk', run, ...chunk(index, attempt) }),
  progress: (value: unknown) => ({ type: 'progress', run: 1, ...progress(value) }),
  outcome: (outcome: Outcome, state: Stored['state']) => ({ type: 'outcome', run: outcome.attempt, state, attempt: outcome.attempt, outcome }),
}
export const completion = (value: unknown, more: Partial<Outcome> = {}) => pushed.outcome(okOutcome(value, more), 'completed')

/** An event in a word. */
export function wordOf(event: WatchEvent): string {
  switch (event.type) {
    case 'state':
      return event.state
    case 'progress':
      return `progress ${event.value}`
    case 'chunk':
      return `chunk ${event.value}`
    case 'outcome':
      return event.result.type
  }
}

export async function all(iterable: AsyncIterable<WatchEvent>): Promise<string[]> {
  const words: string[] = []
  for await (const event of iterable) words.push(wordOf(event))
  return words
}

export const rest = (iterator: AsyncIterator<WatchEvent>) => all({ [Symbol.asyncIterator]: () => iterator })

export const watch = (client: Client, relay: Relay = client.attach(mintRef())) => ({ relay, iterator: client.watch(relay)[Symbol.asyncIterator]() })

export async function nextWord(iterator: AsyncIterator<WatchEvent>): Promise<string | undefined> {
  const { value, done } = await iterator.next()
  return done ? undefined : wordOf(value)
}
