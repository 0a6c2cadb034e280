import { expect, it } from 'vitest'
import { linesOf } from '#e2e/bench/lines.js'
import type { Entry } from '#e2e/bench/rounds.js'
import { relay } from '#e2e/bench/systems/relay.js'
import { targetsOf } from '#e2e/bench/targets.js'

const gave = (system: string, outstanding: number, jobs: number, slots: number | null = 2000): Entry => {
  return { system, round: 1, outstanding, slots, jobs, seconds: 1, p50: 1, p99: 2, longest: 3, cpuSeconds: 0.1, cpu: {} }
}

it('holds what is reached against what is aimed at, with the most slots', () => {
  const entries = [
    gave(relay.name, 1000, 100, null),
    gave('ours', 1000, 150),
    gave('ours', 1000, 10, 10),
    gave(relay.name, 64, 100, null),
    gave('ours', 64, 99),
  ]
  const verdicts = targetsOf('round-trips', linesOf(entries, [relay.name, 'ours']), 'ours', 'sqlite')
  expect(verdicts.map(({ measured, holds }) => [measured, holds])).toEqual([
    ['1.50', true],
    ['0.990', false],
  ])
})

it('judges nothing beside a peer that was left out, and nothing of another scenario', () => {
  const lines = linesOf([gave('ours', 1000, 150), gave('ours', 10_000, 30_000)], ['ours'])
  expect(targetsOf('round-trips', lines, 'ours', 'sqlite')).toEqual([])
  expect(targetsOf('await-many', lines, 'ours', 'sqlite')).toMatchObject([{ measured: '30,000', holds: true }])
})

it('asks of a hub on PostgreSQL what a database across a network can give', () => {
  const lines = linesOf([gave(relay.name, 1000, 100, null), gave('ours', 1000, 70), gave('ours', 64, 1)], [relay.name, 'ours'])
  expect(targetsOf('round-trips', lines, 'ours', 'postgres')).toMatchObject([{ measured: '0.700', holds: true }])
})
