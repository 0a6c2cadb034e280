import type { Outcome } from '@anchorleg/shared'
import type { Columns } from './columns.js'

type ErrorOutcome = Extract<Outcome, { type: 'error' }>

const none: Partial<ErrorOutcome> = {}
const ofError = (outcome: Outcome): Partial<ErrorOutcome> => (outcome.type === 'error' ? outcome : none)

/** The columns of an outcome as it is written, each under its own name after `o_`, of things that have one. */
export function outcomesOf<T>(outcomeOf: (thing: T) => Outcome): Columns<T> {
  const columns: Columns<Outcome> = {
    number: ['integer', ({ number }) => number],
    attempt: ['integer', ({ attempt }) => attempt],
    type: ['text', ({ type }) => type],
    final: ['boolean', ({ final }) => final],
    at: ['bigint', ({ at }) => at],
    chunks: ['integer', ({ chunks }) => chunks],
    seconds: ['double precision', (outcome) => (outcome.type === 'snooze' ? outcome.seconds : null)],
    code: ['text', (outcome) => ofError(outcome).code],
    message: ['text', (outcome) => ofError(outcome).message],
    name: ['text', (outcome) => ofError(outcome).name],
    state: ['text', (outcome) => ofError(outcome).state],
    retry_at: ['bigint', (outcome) => retryAtOf(ofError(outcome))],
    codec: ['text', (outcome) => (outcome.type === 'snooze' ? null : outcome.codec)],
    value: ['text', (outcome) => (outcome.type === 'snooze' ? null : outcome.value)],
    trace: ['text', (outcome) => ofError(outcome).trace],
  }
  const entries = Object.entries(columns).map(([name, [type, read]]) => [`o_${name}`, [type, (thing: T) => read(outcomeOf(thing))]] as const)
  return Object.fromEntries(entries)
}

function retryAtOf({ retryAt }: Partial<ErrorOutcome>): number | undefined {
  return retryAt === undefined ? undefined : Math.round(retryAt)
}
