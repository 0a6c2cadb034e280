import { type Clock, mintLease } from '@anchorleg/shared'
import { release } from '../../lifecycle.js'
import type { Waiter } from '../store.js'
import type { Statement, Transaction } from './transaction.js'

/** Hands back what was claimed with these tokens, but for a job that is to be cancelled: that has its grace, and is cancelled. */
const handBackLost: Statement = {
  name: 'handBackLost',
  text: `UPDATE jobs SET state = $3, attempt = attempt + $4::integer, lease = NULL, lease_until = NULL WHERE id = ANY (ARRAY(
      SELECT id FROM jobs WHERE state = 'executing' AND lease_until = ANY ($1::bigint[]) AND lease = ANY ($2::uuid[]) AND cancel_by IS NULL
      FOR UPDATE SKIP LOCKED))
    RETURNING id, queue, name, attempt, runs AS run`,
}

const back = release({ attempt: 0 })

/** The lease tokens that the claims of one call may write. */
export class Tokens {
  readonly minted: { readonly leases: readonly string[]; readonly until: number }[] = []

  /** Mints tokens of leases that end at the same time. */
  mint(count: number, until: number): readonly string[] {
    const leases = Array.from({ length: count }, mintLease)
    this.minted.push({ leases, until })
    return leases
  }
}

/**
 * Claims of calls that failed, as far as is known: the connection may have been lost while they were committed. No worker has
 * their tokens, so the jobs would lie still for a lease, and it would cost each an attempt.
 */
export class LostClaims {
  #lost: Tokens['minted'] = []

  constructor(private readonly clock: Clock) {}

  add({ minted }: Tokens): void {
    this.#lost.push(...minted)
  }

  /**
   * Hands back what was claimed all the same. Asked again and again until the leases have ended: the server may still be at
   * work on what it was told over a connection that is gone.
   */
  handBack(transaction: Transaction): Promise<Waiter[]> {
    const now = this.clock.now()
    this.#lost = this.#lost.filter(({ until }) => until > now)
    if (this.#lost.length === 0) return Promise.resolve([])
    const untils = [...new Set(this.#lost.map(({ until }) => until))]
    const leases = this.#lost.flatMap((each) => each.leases)
    return transaction
      .rows<Omit<Waiter, 'jobId'> & { readonly id: number }>(handBackLost, untils, leases, back.state, back.attempt)
      .then((rows) => rows.map(({ id, ...lane }): Waiter => ({ jobId: String(id), ...lane })))
  }
}
