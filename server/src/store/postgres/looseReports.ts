import type { Statement, Transaction } from './transaction.js'

const lockLoose: Statement = {
  name: 'lockLoose',
  text: 'SELECT id, chunks FROM reports WHERE loose ORDER BY id LIMIT $1::integer FOR UPDATE SKIP LOCKED',
}

const deleteChunks: Statement = {
  name: 'deleteChunks',
  text: `DELETE FROM chunks USING unnest($1::bigint[], $2::integer[]) AS given (report, index)
    WHERE chunks.report = given.report AND chunks.index >= given.index`,
}

const shorten: Statement = {
  name: 'shortenReports',
  text: 'UPDATE reports SET chunks = given.chunks FROM unnest($1::bigint[], $2::integer[]) AS given (id, chunks) WHERE reports.id = given.id',
}

const deleteWhole = ['progress WHERE report', 'reports WHERE id'].map(
  (part): Statement => ({ name: `delete ${part}`, text: `DELETE FROM ${part} = ANY ($1::bigint[])` }),
)

/** Deletes at most so many rows of reports that no job points to any more. */
export async function clearLoose(transaction: Transaction, most: number): Promise<void> {
  const loose = await transaction.rows<{ id: number; chunks: number }>(lockLoose, most)
  let left = most
  const cut = loose.flatMap(({ id, chunks }) => {
    if (left <= 0) return []
    const rest = Math.max(0, chunks - left)
    left -= chunks - rest + 1
    return [{ id, rest }]
  })
  if (cut.length === 0) return
  const whole = cut.flatMap(({ id, rest }) => (rest === 0 ? [id] : []))
  const part = cut.filter(({ rest }) => rest > 0)
  await Promise.all([
    transaction.rows(
      deleteChunks,
      cut.map(({ id }) => id),
      cut.map(({ rest }) => rest),
    ),
    transaction.rows(
      shorten,
      part.map(({ id }) => id),
      part.map(({ rest }) => rest),
    ),
    ...deleteWhole.map((statement) => transaction.rows(statement, whole)),
  ])
}
