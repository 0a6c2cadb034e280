import { type Column, layOut } from './table.js'

/** Whether something that is claimed was so when it was measured. */
export interface Verdict {
  readonly claim: string
  /** With its unit. */
  readonly measured: string
  readonly holds: boolean
}

const columns: readonly Column[] = [
  { heading: 'verdict', align: 'left' },
  { heading: 'claim', align: 'left' },
  { heading: 'measured', align: 'left' },
]

/** The verdicts for people; empty for none. */
export function reportVerdicts(verdicts: readonly Verdict[], { markdown }: { markdown: boolean }): string {
  const rows = verdicts.map(({ claim, measured, holds }) => [holds ? 'holds' : 'FAILS', claim, measured])
  return rows.length === 0 ? '' : layOut(columns, rows, { markdown })
}
