import type { Assignment, AttemptOutcome } from '@anchorleg/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Announcement } from '#server/store/store.js'
import { aJob, aWish, gives, leaseOf, settings, settlement, tenant } from '../conformance/harness.js'
import { engineBench } from './engine.js'

/** What happens to a store, in any order. `which` picks among the tokens ever given. */
const step = fc.oneof(
  fc.record({ does: fc.constant('insert' as const), maxAttempts: fc.integer({ min: 1, max: 3 }), scheduleIn: fc.constantFrom(0, 0, 5) }),
  fc.record({ does: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ does: fc.constant('settle' as const), which: fc.nat(), how: fc.constantFrom('ok', 'cancel', 'failed', 'snooze') }),
  fc.record({ does: fc.constant('release' as const), which: fc.nat() }),
  fc.record({ does: fc.constant('renew' as const), which: fc.nat() }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 60_000, settings.leaseMs, 2 * settings.retentionMs) }),
  fc.record({ does: fc.constantFrom('stage' as const, 'expire' as const, 'prune' as const) }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** One job as an onlooker sees it: what was claimed, and what was announced. */
interface Seen {
  readonly ref: string
  readonly maxAttempts: number
  holder: string | undefined
  outcomes: number
  ended: boolean
  pruned: boolean
}

/** Takes the steps one by one, and checks after each what no order of them may break. */
class Onlooker {
  readonly #bench = engineBench()
  readonly #jobs = new Map<string, Seen>()
  readonly #tokens: Assignment[] = []

  take(step: Step): void {
    const { ask, clock } = this.#bench
    switch (step.does) {
      case 'insert':
        return this.#insert(step.maxAttempts, step.scheduleIn)
      case 'claim':
        return ask('claim', [aWish({ limit: step.limit })]).forEach(({ assignment }) => this.#claimed(assignment))
      case 'settle':
        return this.#with(step.which, (token, holds) => {
          const outcome: AttemptOutcome = step.how === 'snooze' ? gives.snooze(3) : gives[step.how as 'ok' | 'cancel' | 'failed']
          const [settled] = ask('settle', [settlement(token, outcome)], []).settled
          const announcement = settled?.type === 'settled' ? settled.announcement : null
          expect(announcement !== null).toBe(holds)
          if (announcement) this.#announced(announcement)
        })
      case 'release':
        return this.#with(step.which, (token, holds) => {
          expect(ask('release', [leaseOf(token)])[0] !== null).toBe(holds)
          if (holds) this.#job(token.jobId).holder = undefined
        })
      case 'renew':
        return this.#with(step.which, (token, holds) => expect(ask('renew', [leaseOf(token)], 60_000)[0] !== null).toBe(holds))
      case 'wait':
        clock.at += step.ms
        return
      case 'stage':
        ask('stage', 10)
        return
      case 'expire':
        for (const { lease, announcement } of ask('expire', 10)) {
          expect(this.#job(lease.jobId).holder).toBe(lease.lease)
          this.#announced(announcement)
        }
        return
      case 'prune':
        for (const { ref } of ask('prune', 10)) {
          const job = [...this.#jobs.values()].find((each) => each.ref === ref)
          expect(job?.ended).toBe(true)
          if (job) job.pruned = true
        }
    }
  }

  /** Every job stands where the announcements have left it. */
  check(): void {
    const jobs = [...this.#jobs.values()]
    const readings = this.#bench.ask(
      'read',
      jobs.map(({ ref }) => ({ tenant, ref })),
    )
    jobs.forEach((job, i) => {
      const reading = readings[i]
      // A tombstone may be over by now; its job never comes back.
      if (job.pruned) return expect(reading?.type).not.toBe('known')
      if (reading?.type !== 'known') throw new Error(`${job.ref} is ${reading?.type}`)
      expect(reading.latest?.number ?? 0).toBe(job.outcomes)
      expect(reading.latest?.final ?? false).toBe(job.ended)
      expect(reading.job.state === 'executing').toBe(job.holder !== undefined)
      expect(reading.job.attempt).toBeLessThanOrEqual(job.maxAttempts)
    })
  }

  #insert(maxAttempts: number, scheduleIn: number): void {
    const job = aJob({ maxAttempts, scheduleIn })
    const [inserted] = this.#bench.ask('insert', [{ tenant, job }], []).inserted
    if (inserted?.type !== 'inserted') throw new Error('expected a fresh job to be stored')
    this.#jobs.set(inserted.jobId, { ref: job.ref, maxAttempts, holder: undefined, outcomes: 0, ended: false, pruned: false })
  }

  #claimed(assignment: Assignment): void {
    const job = this.#job(assignment.jobId)
    expect(job).toMatchObject({ holder: undefined, ended: false })
    expect(this.#tokens.some(({ lease }) => lease === assignment.lease)).toBe(false)
    job.holder = assignment.lease
    this.#tokens.push(assignment)
  }

  #announced({ jobId, refs, outcome }: Announcement): void {
    const job = this.#job(jobId)
    expect(refs).toEqual([job.ref])
    expect(job.ended).toBe(false)
    expect(outcome.number).toBe(job.outcomes + 1)
    job.outcomes = outcome.number
    job.ended = outcome.final
    job.holder = undefined
  }

  /** Any token ever given, and whether it is the one that counts. */
  #with(which: number, act: (token: Assignment, holds: boolean) => void): void {
    const token = this.#tokens[which % this.#tokens.length]
    if (token) act(token, this.#job(token.jobId).holder === token.lease)
  }

  #job(jobId: string): Seen {
    const job = this.#jobs.get(jobId)
    if (!job) throw new Error(`Nobody stored job ${jobId}.`)
    return job
  }
}

test('in any order of events, each attempt is settled once, by the token that counts, and no job is lost or comes back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const onlooker = new Onlooker()
      for (const each of steps) {
        onlooker.take(each)
        onlooker.check()
      }
    }),
    { numRuns: 300 },
  )
})
