import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Harness } from '../harness.js'
import { terms } from './model.js'
import { Pair } from './pair.js'
import { play } from './plays.js'
import { sequence } from './steps.js'

/** How many sequences are played, 250 unless `ANCHORLEG_SEQUENCES` says otherwise. */
export const sequences = Number(process.env.ANCHORLEG_SEQUENCES ?? 250)

/** What was played can be played again by its seed: `ANCHORLEG_SEED`. */
const seed = Number(process.env.ANCHORLEG_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** Turns in one sequence at most. */
const length = 80

/**
 * Plays random sequences of everything that can happen to jobs on a store and on a small model beside it, and compares the
 * two after every step. Any store passes it.
 */
export function lifeOfJobs(name: string, harness: Harness, runs = sequences): void {
  describe(name, () => {
    test(
      'in any order of events, every job stands where the model has it, and every answer is what the model says',
      async () => {
        const happened = new Map<string, number>()
        let played = 0
        const property = fc.asyncProperty(sequence(length), async (all) => {
          played += 1
          const pair = new Pair(await harness.open(terms), happened)
          try {
            await pair.begin()
            for (const each of all) {
              if (each.does === 'reopen' && !harness.survivesReopen) continue
              await play(pair, each)
              await pair.compare()
            }
          } finally {
            await pair.store.close()
          }
        })
        const begun = performance.now()
        await fc.assert(property, { numRuns: runs, seed })
        const seconds = ((performance.now() - begun) / 1000).toFixed(1)
        const counts = [...happened].sort().map(([event, count]) => `${event} ${count}`)
        console.log(`${name}: ${played} sequences in ${seconds} s, seed ${seed}\n${counts.join(', ')}`)
        expect(played).toBe(runs)
      },
      20_000 + runs * 1_000,
    )
  })
}
