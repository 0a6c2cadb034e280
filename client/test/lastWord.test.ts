import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { connect } from '#client/index.js'
import { allPending, type Heard, okOutcome, ScriptedHub } from './support/scriptedHub.js'

const running = ({ message }: Heard) =>
  message.refs.map(({ ref }: { ref: string }) => ({ ref, type: 'pending', waiting: 'running', state: 'executing' }))

/** A hub that answers only the first question of where a ref stands. */
const answersOnce = () => {
  let looks = 0
  return { attach: allPending, look: (heard: Heard) => (looks++ === 0 ? running(heard) : undefined), detach: () => 1 }
}

test('a hub too busy to answer at the deadline of a longer wait is believed what it said a second before', async () => {
  await using hub = await ScriptedHub.open(answersOnce())
  await using client = connect(hub.url)
  await client.ready
  const result = await client.await(client.attach(mintRef()), 2_100)
  expect(result).toMatchObject({ error: { code: 'timeout', waiting: 'running', state: 'executing' } })
  expect(hub.all('look')).toHaveLength(2)
})

test('a hub that was lost after it had been asked ahead is disconnected all the same', async () => {
  await using hub = await ScriptedHub.open(answersOnce())
  await using client = connect(hub.url)
  await client.ready
  const result = client.await(client.attach(mintRef()), 2_100)
  await hub.nth('look')
  hub.refusal = { code: 'store_unavailable', message: 'Not now.' }
  hub.cut()
  expect(await result).toMatchObject({ error: { code: 'timeout', waiting: 'disconnected' } })
})

test('an outcome that is found when the hub is asked ahead ends the wait', async () => {
  const look = ({ message }: Heard) => message.refs.map(({ ref }: { ref: string }) => ({ ref, type: 'outcome', outcome: okOutcome('found') }))
  await using hub = await ScriptedHub.open({ attach: allPending, look, detach: () => 1 })
  await using client = connect(hub.url)
  await client.ready
  expect(await client.await(client.attach(mintRef()), 2_100)).toEqual({ type: 'ok', value: 'found' })
})

test('a wait that ends before asks nothing ahead', { retry: 3 }, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: running, detach: () => 1 })
  await using client = connect(hub.url)
  await client.ready
  const ref = mintRef()
  const result = client.await(client.attach(ref), 2_100)
  await hub.nth('attach')
  hub.push({ ref, outcome: okOutcome(1) })
  expect(await result).toEqual({ type: 'ok', value: 1 })
  // A second wait outlives the moment at which the first would have asked.
  expect(await client.await(client.attach(mintRef()), 1_500)).toMatchObject({ error: { waiting: 'running' } })
  expect(hub.all('look')).toHaveLength(1)
})
