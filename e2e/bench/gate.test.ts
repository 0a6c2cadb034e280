import { expect, it } from 'vitest'
import { type Expected, judge } from '#e2e/bench/gate.js'
import { linesOf } from '#e2e/bench/lines.js'
import type { Entry } from '#e2e/bench/rounds.js'
import { relay, relayAcked } from '#e2e/bench/systems/relay.js'

const expected: Expected = { margins: { rate: 0.5, cpu: 0.5 }, scenarios: { 'round-trips': { 64: { rate: 1, rateBesideAcks: 2, cpu: 2 } } } }

const gave = (system: string, jobs: number, cpuSeconds: number): Entry => {
  return { system, round: 1, outstanding: 64, slots: null, jobs, seconds: 1, p50: 1, p99: 2, longest: 3, cpuSeconds, cpu: {} }
}

function judged(jobs: number, cpuSeconds: number) {
  const entries = [gave(relay.name, 100, 1), gave(relayAcked.name, 50, 1), gave('ours', jobs, cpuSeconds)]
  const lines = linesOf(entries, [relay.name, relayAcked.name, 'ours'])
  return judge('round-trips', { lines, system: 'ours', expected }).map(({ holds }) => holds)
}

it('holds at the edge of its margins, for the rate and for CPU', () => {
  expect(judged(50, 1.5)).toEqual([true, true, true])
})

it('fails below them, each for itself', () => {
  expect(judged(49, 1.47)).toEqual([false, false, true])
  expect(judged(100, 3.1)).toEqual([true, true, false])
})

it('fails where nothing was measured', () => {
  expect(judge('round-trips', { lines: [], system: 'ours', expected })).toMatchObject(Array(3).fill({ measured: 'nothing', holds: false }))
})
