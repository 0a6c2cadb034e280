import type { Rule } from '../finding.js'
import type { History, RefStory } from '../history.js'

/** No wake-up is lost: while nothing is broken, an await ends soon after it has begun and an outcome that it wants is stored. */
export const promptAwaits: Rule = function* (history, { promptMs, calmMs }) {
  const disturbances = history.disturbances.map(({ from, to }) => ({ from, to: to + calmMs }))
  for (const story of history.refs) {
    const stored = firstStored(history, story)
    for (const { begun, ended } of story.waits) {
      const known = stored[begun.want]
      if (!ended || known === undefined) continue
      const due = Math.max(begun.at, known)
      const late = ended.at - due
      if (late <= promptMs || disturbances.some(({ from, to }) => from < ended.at && to > due)) continue
      yield { about: story.ref, says: `an await ended ${Math.round(late)} ms after its outcome was stored`, events: [begun, ended] }
    }
  }
}

/** The first moment, in ms, at which anybody knew that such an outcome was stored. */
function firstStored(history: History, story: RefStory): Record<'any' | 'final', number | undefined> {
  const { end, tolds } = story
  const finals = new Set(end?.standing === 'job' ? end.outcomes.flatMap(({ final, print }) => (final ? [print] : [])) : [])
  const signs = [
    ...tolds.map(({ at, outcome }) => ({ at, final: outcome.final })),
    ...history
      .jobsOf(story)
      .flatMap(({ verdicts, settles }) =>
        verdicts
          .filter(({ verdict }) => verdict === 'settled')
          .map(({ at, lease }) => ({ at, final: finals.has(settles.find((settle) => settle.lease === lease)?.print ?? '') })),
      ),
  ]
  const first = (list: typeof signs) => (list.length === 0 ? undefined : Math.min(...list.map(({ at }) => at)))
  return { any: first(signs), final: first(signs.filter(({ final }) => final)) }
}
