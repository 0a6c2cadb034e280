import type { Event } from './event.js'
import type { Finding, Rule, Terms } from './finding.js'
import { History } from './history.js'
import { agreement } from './rules/agreement.js'
import { fences } from './rules/fences.js'
import { honestAwaits } from './rules/honestAwaits.js'
import { nothingLost } from './rules/nothingLost.js'
import { oneJob } from './rules/oneJob.js'
import { promptAwaits } from './rules/promptAwaits.js'
import { refusals } from './rules/refusals.js'
import { settledOnce } from './rules/settledOnce.js'

/** The guarantees, each with what looks for a breach of it. */
const rules: Readonly<Record<string, Rule>> = { nothingLost, settledOnce, fences, agreement, honestAwaits, promptAwaits, oneJob, refusals }

const strict: Terms = { pending: false, promptMs: 3_000, calmMs: 5_000 }

/**
 * Proves over what happened that the guarantees held. Answers with what breaks them: nothing, if all is well.
 * @param events in the order in which they happened
 */
export function checkHistory(events: readonly Event[], terms: Partial<Terms> = {}): Finding[] {
  const history = new History(events)
  return Object.entries(rules).flatMap(([rule, find]) => [...find(history, { ...strict, ...terms })].map((finding) => ({ rule, ...finding })))
}

/** Findings for people: each with the events that show it, at most so many. */
export function describe(findings: readonly Finding[], most = 10): string {
  const shown = findings.slice(0, most).map(({ rule, about, says, events }) => {
    const lines = events.slice(0, 20).map((event) => `    ${JSON.stringify(event)}`)
    return [`${rule}: ${about} ${says}`, ...lines].join('\n')
  })
  return [...shown, ...(findings.length > most ? [`… and ${findings.length - most} more`] : [])].join('\n')
}
