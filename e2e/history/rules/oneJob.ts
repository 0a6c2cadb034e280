import type { Rule } from '../finding.js'

/** However often a ref is submitted there is one job of it, and none that nobody submitted. */
export const oneJob: Rule = function* ({ refs, jobs }) {
  for (const { ref: about, starts, submits } of refs) {
    const ids = new Set(starts.map(({ jobId }) => jobId))
    if (ids.size > 1) yield { about, says: `was run as ${ids.size} jobs: ${[...ids].join(', ')}`, events: starts }
    if (starts.length > 0 && submits.length === 0) yield { about, says: 'ran, and nobody submitted it', events: starts }
  }
  for (const { jobId, starts } of jobs) {
    const of = new Set(starts.map(({ ref }) => ref))
    if (of.size > 1) yield { about: `job ${jobId}`, says: `ran for ${of.size} refs`, events: starts }
  }
}
