import { isFinished } from '@anchorleg/shared'
import type { Rule } from '../finding.js'

/**
 * Every await of a process that has ended by itself ended too; behind one that timed out, another got the result, unless nobody
 * was told that the job is stored: then nobody need ask again.
 */
export const honestAwaits: Rule = function* (history) {
  for (const { ref: about, acks, waits, end } of history.refs) {
    for (const { begun, ended } of waits) {
      if (!ended) {
        if (history.hasLeft(begun.by)) yield { about, says: 'an await never ended', events: [begun] }
        continue
      }
      if (acks.length === 0 || ended.given.code !== 'timeout' || end?.standing !== 'job' || !isFinished(end.state)) continue
      const later = waits.some((other) => other.ended && other.ended.at >= ended.at && other.ended.given.print !== undefined)
      if (!later) yield { about, says: 'an await timed out, and none behind it got the result', events: [begun, ended, end] }
    }
  }
}
