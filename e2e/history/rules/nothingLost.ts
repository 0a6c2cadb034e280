import { isFinished } from '@anchorleg/shared'
import type { Rule } from '../finding.js'
import type { RefStory } from '../history.js'

/** A job whose submission was acknowledged is there at the end, and has ended; what anybody was told of it is stored. */
export const nothingLost: Rule = function* (history, { pending }) {
  for (const story of history.refs) {
    const { ref: about, acks, end, tolds } = story
    if (acks.length > 0) {
      if (end?.standing !== 'job') {
        yield { about, says: `was acknowledged and is ${end ? `${end.standing} at the end` : 'not looked at'}`, events: acks }
        continue
      }
      if (!pending && !isFinished(end.state)) yield { about, says: `was acknowledged and is still ${end.state} at the end`, events: [...acks, end] }
      yield* unknownAfterAck(story)
    }
    if (!end) continue
    const stored = new Set(end.standing === 'job' ? end.outcomes.map(({ print }) => print) : [])
    for (const told of tolds) {
      if (!stored.has(told.outcome.print)) yield { about, says: `outcome ${told.outcome.number} was told and is not stored`, events: [told, end] }
    }
    for (const job of history.jobsOf(story)) {
      for (const verdict of job.verdicts.filter((each) => each.verdict === 'settled')) {
        const settle = job.settles.find(({ lease }) => lease === verdict.lease)
        if (settle && !stored.has(settle.print)) {
          yield { about, says: `a settlement of job ${job.jobId} was acknowledged and is not stored`, events: [settle, verdict, end] }
        }
      }
    }
  }
}

/** An await that begins after the acknowledgement is never told that there is no such job. */
function* unknownAfterAck({ ref, acks, waits }: RefStory) {
  const acked = acks[0]
  for (const { begun, ended } of waits) {
    if (!acked || !ended || begun.at < acked.at || ended.given.code !== 'not_found') continue
    yield { about: ref, says: 'was acknowledged, and an await behind that was told not_found', events: [acked, begun, ended] }
  }
}
