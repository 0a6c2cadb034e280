import type { Rule } from '../finding.js'

/** After these the job may exist: the caller stopped waiting for the answer, or the hub lost its database while that committed. */
const open: ReadonlySet<string> = new Set(['unreachable', 'aborted', 'closed', 'store_unavailable'])

/** A ref whose every submission was refused left no job. */
export const refusals: Rule = function* ({ refs }) {
  for (const { ref: about, submits, refusals: refused, starts, end } of refs) {
    const all = refused.length > 0 && refused.length === submits.length && refused.every(({ code }) => !open.has(code))
    if (!all || (starts.length === 0 && end?.standing !== 'job')) continue
    yield {
      about,
      says: `was refused (${refused.map(({ code }) => code).join(', ')}), and there is a job of it`,
      events: [...submits, ...refused, ...starts],
    }
  }
}
