import type { Refusal } from '@anchorleg/shared'
import { fingerprint } from '../fingerprint.js'
import type { Inserted, Insertion } from '../store.js'
import type { ClaimedSome } from './claim.js'
import { insertRows } from './insertRows.js'
import type { Means } from './operations.js'
import type { Transaction } from './transaction.js'

/** Whether a call can be stored in one statement: none of its jobs is unique, and each stands for itself. */
export function isPlain(insertions: readonly Insertion[]): boolean {
  return insertions.every(({ job, unit }) => job.unique === undefined && unit === undefined)
}

/**
 * Prepares storing plain jobs, all in one statement, and then the claims. A ref that was seen before is left out, and has to be
 * looked at: by `insertCarefully`.
 */
export function insertPlain({ clock }: Means) {
  return (
    tx: Transaction,
    insertions: readonly Insertion[],
    claims: (transaction: Transaction) => Promise<ClaimedSome>,
  ): Promise<{ inserted: (Inserted | undefined)[]; claimed: ClaimedSome }> => {
    const now = clock.now()
    const inserted = insertRows(
      tx,
      insertions.map((insertion) => ({ id: null, insertion, fingerprint: fingerprint(insertion.job), now })),
    )
    const claimed = claims(tx)
    return Promise.all([inserted, claimed]).then(([inserted, claimed]) => ({ inserted, claimed }))
  }
}

/** A job that is not stored, and why. */
export function refused(code: Refusal['code'], message: string): Inserted {
  return { type: 'refused', refusal: { code, message } }
}
