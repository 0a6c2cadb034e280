import type { Verdict } from './verdict.js'

/** What a scenario found: as text for people, and as figures. */
export interface Finding {
  readonly text: string
  readonly figures: object
  readonly verdicts: readonly Verdict[]
}
