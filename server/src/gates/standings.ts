import type { Limits, Standing } from '@anchorleg/shared'
import type { ClientSession, Courier, Wanted } from '../courier.js'
import { answerFrame, weighOutcome } from './frames.js'
import { inParts } from './inParts.js'
import type { Turnstile } from './turnstile.js'

/** Outcomes that are read first of those that did not fit an answer: they may be large. */
const firstLeft = 2

interface Terms {
  readonly session: ClientSession
  readonly courier: Courier
  readonly turnstile: Turnstile
  readonly limits: Limits
}

type Ask = (part: readonly Wanted[]) => Promise<Standing[]>

/** Answers where refs stand. */
export async function lookAt(refs: readonly Wanted[], ask: Ask, limits: Limits): Promise<Standing[]> {
  const fit = answerFrame(limits)
  return inParts(refs, { ask, weigh, take: (standings) => fit(standings) })
}

/**
 * Answers where refs stand that are attached to. What does not fit the answer is read again behind it, and sent as the peer
 * reads it, so that many large outcomes at once never pile up here.
 */
export async function attachTo(refs: readonly Wanted[], ask: Ask, { session, courier, turnstile, limits }: Terms): Promise<Standing[]> {
  const fit = answerFrame(limits)
  const left: Wanted[] = []
  const answer = await inParts(refs, {
    ask,
    weigh,
    take: (standings, part) => fit(standings, (place) => left.push(part[place] as Wanted)),
  })
  if (left.length > 0) void sendLeft()
  return answer

  async function sendLeft(): Promise<void> {
    try {
      await turnstile.drained()
      await inParts(left, {
        first: firstLeft,
        good: turnstile.ease,
        ask: (part) => courier.attach(session, part),
        weigh,
        pause: () => turnstile.drained(),
        take: (standings) => {
          const outcomes = standings.flatMap((standing) => (standing.type === 'outcome' ? [{ ref: standing.ref, outcome: standing.outcome }] : []))
          const expired = standings.flatMap(({ ref, type }) => (type === 'expired' ? [ref] : []))
          if (outcomes.length > 0) session.tell.outcomes(outcomes)
          if (expired.length > 0) session.tell.expired(expired)
          return []
        },
      })
    } catch {
      // The peer counts on them. When it is back it asks anew.
      turnstile.cut('outcomes it waits for cannot be read')
    }
  }
}

function weigh(standing: Standing): number {
  return standing.type === 'outcome' ? weighOutcome(standing.outcome) : 0
}
