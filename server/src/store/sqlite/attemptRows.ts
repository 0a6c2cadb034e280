import type { JobState } from '@anchorleg/shared'
import type { AttemptRow } from '../attemptRow.js'
import type { Means } from './operations.js'

const columns = `id, tenant, ref, queue, name, state, codec, lease, settled_lease, attempt, runs, max_attempts, outcomes, crashes, snoozed,
  report, cancel_codec, cancel_reason, attempted_at`

/** A row in the order of its columns: read so it costs half of what it does as an object. */
type Raw = [
  ...[id: number, tenant: string, ref: string, queue: string, name: string, state: JobState, codec: string],
  ...[lease: string | null, settledLease: string | null, attempt: number, runs: number, maxAttempts: number],
  ...[outcomes: number, crashes: number, snoozed: number, report: number | null],
  ...[cancelCodec: string | null, cancelReason: string | null, attemptedAt: number | null],
]

/** Prepares reading jobs as what ends their attempts needs them; `which` is what follows the name of their table. */
export function attemptRows<Parameters extends unknown[]>({ db }: Pick<Means, 'db'>, which: string) {
  const read = db.prepare<Parameters, Raw>(`SELECT ${columns} FROM jobs ${which}`).raw()
  return {
    get(...parameters: Parameters): AttemptRow | undefined {
      const raw = read.get(...parameters)
      return raw && toAttemptRow(raw)
    },
    all: (...parameters: Parameters): AttemptRow[] => read.all(...parameters).map(toAttemptRow),
  }
}

function toAttemptRow(raw: Raw): AttemptRow {
  return {
    id: raw[0],
    tenant: raw[1],
    ref: raw[2],
    queue: raw[3],
    name: raw[4],
    state: raw[5],
    codec: raw[6],
    lease: raw[7],
    settledLease: raw[8],
    attempt: raw[9],
    runs: raw[10],
    maxAttempts: raw[11],
    outcomes: raw[12],
    crashes: raw[13],
    snoozed: raw[14],
    report: raw[15],
    cancelCodec: raw[16],
    cancelReason: raw[17],
    attemptedAt: raw[18],
  }
}
