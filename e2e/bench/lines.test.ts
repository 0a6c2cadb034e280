import { expect, it } from 'vitest'
import { linesOf } from '#e2e/bench/lines.js'
import type { Entry } from '#e2e/bench/rounds.js'
import { bullmqAlways } from '#e2e/bench/systems/bullmq.js'
import { relay } from '#e2e/bench/systems/relay.js'

const ours = 'ours'
const systems = [relay.name, bullmqAlways.name, ours]

/** A system that gave so many jobs in a second. */
const gave = (system: string, jobs: number, { round = 1, outstanding = 64, slots = 2000 as number | null, p50 = 1 } = {}): Entry => {
  return { system, round, outstanding, slots, jobs, seconds: 1, p50, p99: 2, longest: 3, cpuSeconds: 0.1, cpu: {} }
}

it('takes each ratio within its round, and the median of the ratios', () => {
  const entries = [
    ...[gave(relay.name, 100, { slots: null }), gave(bullmqAlways.name, 10, { p50: 4 }), gave(ours, 200)],
    ...[gave(relay.name, 400, { round: 2, slots: null }), gave(bullmqAlways.name, 40, { round: 2, p50: 2 }), gave(ours, 400, { round: 2 })],
  ]
  const line = linesOf(entries, systems).find(({ system }) => system === ours)
  expect(line).toMatchObject({
    rate: { median: 300, min: 200, max: 400 },
    timesRelay: { median: 1.5, min: 1, max: 2 },
    timesBullmq: { median: 15, min: 10, max: 20 },
    p50TimesBullmq: { median: 0.375, min: 0.25, max: 0.5 },
    cpuSecondsPer1000: { median: 0.375 },
  })
})

it('compares with BullMQ only where it worked at as many jobs at once', () => {
  const entries = [gave(relay.name, 100, { slots: null }), gave(bullmqAlways.name, 10), gave(bullmqAlways.name, 5, { slots: 10 })]
  const lines = linesOf([...entries, gave(ours, 50), gave(ours, 20, { slots: 10 })], systems).filter(({ system }) => system === ours)
  expect(lines.map(({ slots, timesBullmq }) => [slots, timesBullmq.median])).toEqual([
    [2000, 5],
    [10, 4],
  ])
})

it('says of a system that was left out that there is no ratio to it', () => {
  expect(linesOf([gave(ours, 50)], systems)[0]?.timesBullmq.median).toBeNaN()
})

it('orders lines by load, fewer slots last, and systems as they are named', () => {
  const few = { slots: 10 }
  const one = { outstanding: 1 }
  const entries = [gave(ours, 1, few), gave(ours, 1), gave(bullmqAlways.name, 1), gave(relay.name, 1, { slots: null }), gave(ours, 1, one)]
  expect(linesOf(entries, systems).map(({ system, outstanding, slots }) => [system, outstanding, slots])).toEqual([
    [ours, 1, 2000],
    [relay.name, 64, null],
    [bullmqAlways.name, 64, 2000],
    [ours, 64, 2000],
    [ours, 64, 10],
  ])
})

it('takes CPU by job beside the relay of the same round, and shows whose it was', () => {
  const cheap = { ...gave(relay.name, 100, { slots: null }), cpuSeconds: 0.1 }
  const dear = { ...gave(ours, 50), cpuSeconds: 0.15, cpu: { hub: { user: 0.08, system: 0.02 }, worker: { user: 0.05, system: 0 } } }
  const line = linesOf([cheap, dear], systems).find(({ system }) => system === ours)
  expect(line?.cpuTimesRelay.median).toBeCloseTo(3)
  expect(line?.cpu.hub?.user.median).toBeCloseTo(1.6)
  expect(line?.cpu.hub?.system.median).toBeCloseTo(0.4)
  expect(line?.cpu.worker?.user.median).toBeCloseTo(1)
})
