import { randomBytes } from 'node:crypto'
import { closedLoop, expectSame, type Load, type Measured } from './closedLoop.js'

/** What a small job is given: a number, and a text where there is to be one. */
export interface Small {
  readonly int: number
  readonly text?: string
}

/** What every worker does with it: it gives back the text, or else the number. */
export const echo = ({ int, text }: Small): number | string => text ?? int

/** Puts a load of small jobs on a system, and sees that each comes back. Their text can be compressed as little as may be. */
export function smallJobs(load: Load, run: (small: Small) => Promise<unknown>): Promise<Measured> {
  const { valueBytes } = load
  const text =
    valueBytes === undefined
      ? undefined
      : randomBytes(Math.ceil(valueBytes / 2))
          .toString('hex')
          .slice(0, valueBytes)
  return closedLoop(load, async (int) => {
    const small = text === undefined ? { int } : { int, text }
    expectSame(await run(small), echo(small))
  })
}
