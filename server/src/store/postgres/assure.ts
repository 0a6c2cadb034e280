import type pg from 'pg'
import { loseAtOnce } from './stream.js'

/** Of a server: whether it is a standby, and whether sessions of ours have long waited for one, which has not heard of their commits. */
const standing = `SELECT pg_is_in_recovery() AS "isStandby", EXISTS (SELECT FROM pg_stat_activity
  WHERE usename = current_user AND application_name LIKE 'anchorleg %' AND wait_event = 'SyncRep' AND state_change < clock_timestamp() - interval '5s') AS "isWaiting"`

/** A commit, so it ends once all commits before it are where they are to be before they are acknowledged. */
const barrier = "SELECT pg_logical_emit_message(true, 'anchorleg', '')"

/**
 * Makes sure that what is seen over a connection is what may be told. A standby may not show yet what was acknowledged. A primary that
 * has been started again, or whose waiting was cancelled, shows what its synchronous standby may not have yet. While that one is away, each
 * connection that was tried would be one session more that waits at the server, until it takes nobody any more.
 */
export async function assure(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ isStandby: boolean; isWaiting: boolean }>(standing)
  if (rows[0]?.isStandby) throw new Error('the server is a standby, which only reads')
  if (rows[0]?.isWaiting) throw new Error('the server waits for a synchronous standby')
  await client.query(barrier)
}

/** Given up waiting for the standby, the server says that it has committed: the connection ends before it can. */
export function endUnheard(client: pg.Client, { routine }: { readonly routine: string | undefined }): void {
  if (routine !== 'SyncRepWaitForLSN') return
  loseAtOnce(client, new Error('the connection is given up: what was committed over it is not known to be with the standby'))
}
