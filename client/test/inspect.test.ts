import { mintRef } from '@anchorleg/shared'
import { inspection } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { connect } from '#client/index.js'
import { failedOutcome, type Heard, okOutcome, ScriptedHub } from './support/scriptedHub.js'

const facts = {
  type: 'job',
  name: 'job',
  queue: 'default',
  state: 'retryable',
  waiting: 'retrying',
  attempt: 2,
  maxAttempts: 20,
  priority: 0,
  tags: ['x'],
  meta: { by: 'page' },
  cancelRequested: false,
  errors: [],
  insertedAt: 1,
  scheduledAt: 2,
  attemptedAt: 3,
  finishedAt: null,
}
const tell =
  (more: object = {}) =>
  ({ message }: Heard) =>
    message.refs.map((ref: string) => inspection.parse({ ref, ...facts, ...more }))

test('an inspection tells all there is to know, with moments as Dates', async () => {
  await using hub = await ScriptedHub.open({ inspect: tell() })
  await using client = connect(hub.url)
  const { ref } = client.attach(mintRef())
  const { type: _, ...rest } = facts
  expect(await client.inspect(client.attach(ref))).toStrictEqual({
    ...rest,
    ref,
    insertedAt: new Date(1),
    scheduledAt: new Date(2),
    attemptedAt: new Date(3),
    finishedAt: null,
  })
})

test('errors are those of the attempts, decoded, each with its time', async () => {
  const errors = [
    failedOutcome({ c: 1 }, { at: 5, retryAt: 9 }),
    { ...failedOutcome(1, { attempt: 2, at: 6 }), value: '[[' },
    { type: 'error', code: 'crashed', message: 'died', codec: 'd6', state: 'discarded', number: 3, attempt: 3, final: true, at: 7 },
    okOutcome(1),
  ]
  await using hub = await ScriptedHub.open({ inspect: tell({ errors }) })
  await using client = connect(hub.url)
  expect((await client.inspect(client.attach(mintRef()))).errors).toStrictEqual([
    { code: 'failed', message: 'failed', attempt: 1, state: 'retryable', retryAt: new Date(9), reason: { c: 1 }, at: new Date(5) },
    { code: 'failed', message: 'failed', attempt: 2, state: 'retryable', reason: undefined, at: new Date(6) },
    { code: 'crashed', message: 'died', attempt: 3, state: 'discarded', at: new Date(7) },
  ])
})

test('a job that has ended waits for nothing', async () => {
  await using hub = await ScriptedHub.open({ inspect: tell({ state: 'completed', waiting: null, finishedAt: 9 }) })
  await using client = connect(hub.url)
  expect(await client.inspect(client.attach(mintRef()))).toMatchObject({ state: 'completed', waiting: null, finishedAt: new Date(9) })
})

test('what is inspected in one turn leaves in one message', async () => {
  await using hub = await ScriptedHub.open({ inspect: tell() })
  await using client = connect(hub.url)
  await client.ready
  const relays = [1, 2, 3].map(() => client.attach(mintRef()))
  const inspections = await Promise.all(relays.map(client.inspect))
  expect(inspections.map(({ ref }) => ref)).toEqual(relays.map(({ ref }) => ref))
  expect(hub.all('inspect')).toHaveLength(1)
})

test.each(['not_found', 'expired'] as const)('a ref that is %s rejects', async (type) => {
  await using hub = await ScriptedHub.open({ inspect: ({ message }) => message.refs.map((ref: string) => ({ ref, type })) })
  await using client = connect(hub.url)
  await expect(client.inspect(client.attach(mintRef()))).rejects.toMatchObject({ name: 'RelayError', code: type })
})

test('a question whose answer was lost with the connection is asked again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const promise = client.inspect(client.attach(mintRef()))
  await hub.nth('inspect')
  hub.scripts = { inspect: tell() }
  hub.cut()
  expect(await promise).toMatchObject({ state: 'retryable' })
})

test('a question that cannot be asked in time, or of a closed client, rejects', async () => {
  const client = connect('http://127.0.0.1:1', { submitTimeout: 30 })
  await expect(client.inspect(client.attach(mintRef()))).rejects.toMatchObject({ code: 'unreachable' })
  await client.close()
  await expect(client.inspect(client.attach(mintRef()))).rejects.toMatchObject({ code: 'closed' })
})

test('an answer that cannot be read is trouble of the hub', async () => {
  await using hub = await ScriptedHub.open({ inspect: ({ message }) => [{ ref: message.refs[0], type: 'job' }] })
  await using client = connect(hub.url)
  await expect(client.inspect(client.attach(mintRef()))).rejects.toMatchObject({ code: 'store_unavailable' })
})
