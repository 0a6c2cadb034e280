import type { Settlement } from '@anchorleg/shared'
import { settle as transition } from '../../lifecycle.js'
import { factsOf } from '../attemptRow.js'
import type { Announcement, Settled } from '../store.js'
import { type AttemptRow, lock } from './attemptRows.js'
import type { ClaimedSome } from './claim.js'
import { type Concluded, type Conclusion, conclude, concludeFast, conclusion } from './conclude.js'
import { rowIdOf, tokenOf } from './ids.js'
import type { Means } from './operations.js'
import type { Transaction } from './transaction.js'

/** What is to be told of settlements, undefined of one that has to be looked at: by {@link settleCarefully}; and what was claimed. */
interface SettledFast extends Concluded {
  readonly claimed: ClaimedSome
}

/**
 * Prepares settling the attempts that this hub remembers, all in one statement, and then the claims. The row's current token
 * decides, and that nobody asked to cancel the job meanwhile: what does not fit stays as it is.
 */
export function settleKnown(means: Means) {
  return (tx: Transaction, settlements: readonly Settlement[], claims: (transaction: Transaction) => Promise<ClaimedSome>): Promise<SettledFast> => {
    const places: number[] = []
    const conclusions: Conclusion[] = []
    settlements.forEach((settlement, i) => {
      const row = means.facts.take(settlement.lease)
      if (!row || String(row.id) !== settlement.jobId) return
      places.push(i)
      conclusions.push(concluded(means, row, settlement))
    })
    const ended = concludeFast(tx, conclusions, { known: true, hub: means.hub })
    const claimed = claims(tx)
    return Promise.all([ended, claimed]).then(([{ announcements, aliased }, claimed]) => {
      const told: (Announcement | undefined)[] = new Array(settlements.length).fill(undefined)
      announcements.forEach((announcement, i) => {
        told[places[i] as number] = announcement
      })
      return { announcements: told, aliased, claimed }
    })
  }
}

/** Prepares settling attempts after their rows were read. */
export function settleCarefully(means: Means) {
  return async (tx: Transaction, settlements: readonly Settlement[]): Promise<Settled[]> => {
    const rows = await lock(
      tx,
      settlements.map(({ jobId }) => rowIdOf(jobId)),
    )
    const ended = new Map<number, Conclusion>()
    const fates = settlements.map((settlement): Conclusion | Settled => {
      const lease = tokenOf(settlement.lease)
      const row = rows.get(rowIdOf(settlement.jobId) ?? 0)
      if (!row || lease === null) return { type: 'stale' }
      const before = ended.get(row.id)
      if (!before && row.lease === lease) {
        const fate = concluded(means, row, settlement)
        ended.set(row.id, fate)
        return fate
      }
      const settledLease = before ? before.by?.lease : row.settledLease
      return settledLease === lease ? { type: 'settled', announcement: null } : { type: 'stale' }
    })
    const conclusions = [...ended.values()]
    const announcements = await conclude(tx, conclusions, means.hub)
    return fates.map((fate): Settled => {
      if ('type' in fate) return fate
      return { type: 'settled', announcement: announcements[conclusions.indexOf(fate)] ?? null }
    })
  }
}

function concluded({ clock, random }: Means, row: AttemptRow, settlement: Settlement): Conclusion {
  return conclusion(row, transition(factsOf(row), settlement.outcome, { now: clock.now(), random }), settlement)
}
