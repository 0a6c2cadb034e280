import type { Lookup } from '../store.js'
import { finding, findingOf } from './find.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

const noteAttended: Statement = {
  name: 'noteAttended',
  text: `UPDATE jobs SET attended_at = $3::bigint FROM (SELECT DISTINCT found.job_id FROM ${finding} ORDER BY job_id) AS given
    WHERE jobs.id = given.job_id AND jobs.attended_at IS NOT NULL AND jobs.finished_at IS NULL`,
}

const readAttended: Statement = {
  name: 'readAttended',
  text: `SELECT asked.place, coalesce(jobs.attended_at IS NOT NULL AND jobs.finished_at IS NULL, false) AS matters
    FROM ${finding} LEFT JOIN jobs ON jobs.id = found.job_id`,
}

const readAbandoned: Statement = {
  name: 'readAbandoned',
  text: `SELECT tenant, ref FROM jobs WHERE attended_at IS NOT NULL AND finished_at IS NULL AND attended_at <= $1::bigint
    ORDER BY attended_at LIMIT $2::integer`,
}

/** Prepares noting that somebody is attached to jobs that ask for it. */
export function attend(means: Means): Inside<'attend'> {
  return (tx, lookups) => {
    const asked = findingOf(lookups, means)
    void tx.rows(noteAttended, ...asked)
    return tx.rows<{ place: number; matters: boolean }>(readAttended, ...asked).then((rows) => {
      const answers: boolean[] = lookups.map(() => true)
      for (const { place, matters } of rows) answers[place - 1] = matters
      return answers
    })
  }
}

/** Prepares listing the jobs that ask for somebody and have long had nobody. */
export function abandoned({ clock }: Means): Inside<'abandoned'> {
  return (tx, patienceMs, limit) => tx.rows<Lookup>(readAbandoned, clock.now() - patienceMs, limit)
}
