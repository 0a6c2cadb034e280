import { expect, it } from 'vitest'
import { loadsOf, systemNames, systemsIn } from '#e2e/bench/scenarios.js'

it('shows few worker slots beside many where systems are compared first, and many alone elsewhere', () => {
  expect(loadsOf('round-trips', {})).toMatchObject({ outstanding: [1, 64, 1_000], slots: [2_000, 10] })
  expect(loadsOf('await-many', {})).toMatchObject({ outstanding: [10_000], slots: [2_000], together: true })
})

it('puts what was asked for before what a scenario has', () => {
  expect(loadsOf('workers-8', { outstanding: [5], slots: [7] })).toMatchObject({ outstanding: [5], slots: [7], workers: 8 })
})

it('leaves out systems that cannot do it', () => {
  expect(systemsIn('clients-1000', systemNames)).toEqual(['relay', 'relay-acked', 'ws-relay', 'anchorleg'])
  expect(systemsIn('value-10k', ['anchorleg', 'bullmq-always'])).toEqual(['anchorleg', 'bullmq-always'])
})
