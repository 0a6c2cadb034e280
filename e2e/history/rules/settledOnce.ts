import { isFinished } from '@anchorleg/shared'
import type { Rule } from '../finding.js'
import type { History, RefStory } from '../history.js'

/** A job's outcomes are numbered 1 to n; one of them ended it, the last; and each was settled by one lease at most. */
export const settledOnce: Rule = function* (history) {
  for (const story of history.refs) {
    const { ref: about, end } = story
    if (end?.standing !== 'job') continue
    const { outcomes, state } = end
    const numbers = outcomes.map(({ number }) => number)
    if (numbers.some((number, i) => number !== i + 1)) yield { about, says: `its outcomes are numbered ${numbers.join(', ')}`, events: [end] }
    const finals = outcomes.filter(({ final }) => final)
    const expected = isFinished(state) ? 1 : 0
    if (finals.length !== expected || (expected === 1 && !outcomes.at(-1)?.final)) {
      yield { about, says: `is ${state}, and ${finals.length} of its ${outcomes.length} outcomes are final`, events: [end] }
    }
    yield* settledTwice(history, story)
  }
}

/** Two runs were told that their outcomes stand, but fewer such outcomes do. */
function* settledTwice(history: History, story: RefStory) {
  const { ref, end } = story
  if (end?.standing !== 'job') return
  const left = end.outcomes.map(({ print }) => print)
  for (const { jobId, settles, verdicts } of history.jobsOf(story)) {
    const settled = [...new Set(verdicts.filter(({ verdict }) => verdict === 'settled').map(({ lease }) => lease))]
    for (const lease of settled) {
      const settle = settles.find((each) => each.lease === lease)
      const place = settle ? left.indexOf(settle.print) : -1
      if (place >= 0) left.splice(place, 1)
      else yield { about: ref, says: `a second run of job ${jobId} was told that it settled it`, events: verdicts }
    }
  }
}
