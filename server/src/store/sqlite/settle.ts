import { settle as transition } from '../../lifecycle.js'
import { factsOf } from '../attemptRow.js'
import type { Settled } from '../store.js'
import { attemptRows } from './attemptRows.js'
import { claim } from './claim.js'
import { conclude } from './conclude.js'
import { rowIdOf } from './jobRows.js'
import type { Means, Operations } from './operations.js'

/** Prepares settling attempts, and then the claims. The row's current token alone decides; no clock does. */
export function settle(means: Means, claims: Operations['claim'] = claim(means)): Operations['settle'] {
  const { clock, random } = means
  const end = conclude(means)
  const rows = attemptRows<[number]>(means, 'WHERE id = ?')
  return (settlements, requests) => {
    const settled = settlements.map((settlement): Settled => {
      const { jobId, lease, outcome } = settlement
      const row = rows.get(rowIdOf(jobId))
      if (row?.lease === lease) {
        return { type: 'settled', announcement: end(row, transition(factsOf(row), outcome, { now: clock.now(), random }), settlement) }
      }
      return row?.settledLease === lease ? { type: 'settled', announcement: null } : { type: 'stale' }
    })
    return { settled, claimed: claims(requests) }
  }
}
