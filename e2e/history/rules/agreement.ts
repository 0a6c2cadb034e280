import type { Rule } from '../finding.js'

/** Whoever is told outcome n of a ref is told the same bytes, those that are stored; an await gives such an outcome, as it wants it. */
export const agreement: Rule = function* ({ refs }) {
  for (const { ref: about, tolds, waits, end } of refs) {
    const known = new Map(
      end?.standing === 'job' ? end.outcomes.map((outcome) => [outcome.number, { outcome, event: end as (typeof tolds)[number] | typeof end }]) : [],
    )
    for (const told of tolds) {
      const { outcome } = told
      const other = known.get(outcome.number)
      if (!other) known.set(outcome.number, { outcome, event: told })
      else if (other.outcome.print !== outcome.print || other.outcome.final !== outcome.final) {
        yield { about, says: `there are two outcomes ${outcome.number}`, events: [other.event, told] }
      }
    }
    const outcomes = [...known.values()].map(({ outcome }) => outcome)
    for (const { begun, ended } of waits) {
      if (ended?.given.print === undefined) continue
      const outcome = outcomes.find(({ print }) => print === ended.given.print)
      if (!outcome) yield { about, says: 'an await gave what is no outcome of it', events: [begun, ended] }
      else if (begun.want === 'final' && !outcome.final)
        yield { about, says: `an await of the final outcome gave outcome ${outcome.number}`, events: [begun, ended] }
    }
  }
}
