import { codecTag, mintRef, open, seal } from '@anchorleg/shared'
import { clientMessages } from '@anchorleg/shared/schemas'
import { expect, test } from 'vitest'
import { makeClient } from '#client/client.js'
import { connect, defineJob } from '#client/index.js'
import { allPending, failedOutcome, type Heard, limits, okOutcome, ScriptedHub, storeAll } from './support/scriptedHub.js'

const job = defineJob({ name: 'job' })
const cancelsOf = ({ message }: Heard) => clientMessages.cancel.parse(message).cancels
const answer = (told: object) => (heard: Heard) => cancelsOf(heard).map(({ ref }) => ({ ref, ...told }))
const cancelled = answer({ type: 'cancelled', state: 'cancelled' })
const requested = answer({ type: 'requested', state: 'executing' })

test('a waiting job is cancelled at once, with the reason sealed', async () => {
  await using hub = await ScriptedHub.open({ cancel: cancelled })
  await using client = connect(hub.url)
  const relay = client.attach(mintRef())
  expect(await client.cancel(relay, { reason: { why: new Date(1) } })).toEqual({ cancelled: true, state: 'cancelled' })
  const [{ ref, codec, reason } = { ref: '', codec: '', reason: '' }] = cancelsOf(await hub.nth('cancel'))
  expect([ref, open(reason, codec)]).toEqual([relay.ref, { why: new Date(1) }])
  expect(hub.heard.map(({ event }) => event)).toEqual(['cancel'])
})

test('a reason need not be given', async () => {
  await using hub = await ScriptedHub.open({ cancel: cancelled })
  await using client = connect(hub.url)
  await client.cancel(client.attach(mintRef()))
  expect(cancelsOf(await hub.nth('cancel'))).toMatchObject([{ codec: codecTag, reason: seal(undefined) }])
})

test.each([
  ['completed', false],
  ['discarded', false],
  ['cancelled', true],
])('a job that had finished as %s stays so, and the answer says it', async (state, was) => {
  await using hub = await ScriptedHub.open({ cancel: answer({ type: 'finished', state }) })
  await using client = connect(hub.url)
  expect(await client.cancel(client.attach(mintRef()))).toEqual({ cancelled: was, state })
})

test.each([
  ['cancel', okOutcome('x', { type: 'cancel' }), { cancelled: true, state: 'cancelled' }],
  ['ok', okOutcome('x'), { cancelled: false, state: 'completed' }],
  ['ok of an unknown codec', okOutcome('x', { codec: 'd99' } as never), { cancelled: false, state: 'completed' }],
  ['discard', okOutcome('x', { type: 'discard' }), { cancelled: false, state: 'discarded' }],
  ['error', failedOutcome('x', { state: 'discarded', final: true }), { cancelled: false, state: 'discarded' }],
])('of a running job the outcome that ends it is the answer: %s', async (_, outcome, said) => {
  await using hub = await ScriptedHub.open({ cancel: requested, attach: allPending })
  await using client = connect(hub.url)
  const { ref } = client.attach(mintRef())
  const promise = client.cancel(client.attach(ref))
  expect((await hub.nth('attach')).message.refs).toEqual([{ ref, want: 'final' }])
  hub.push({ ref, outcome: failedOutcome('not the last') }, { ref, outcome })
  expect(await promise).toEqual(said)
  expect(hub.all('detach')).toEqual([])
})

test('the end of a running job is found over a lost connection too', async () => {
  await using hub = await ScriptedHub.open({ cancel: requested, attach: allPending })
  await using client = connect(hub.url)
  const promise = client.cancel(client.attach(mintRef()))
  await hub.nth('attach')
  hub.scripts = {
    attach: ({ message }) => message.refs.map(({ ref }: { ref: string }) => ({ ref, type: 'outcome', outcome: okOutcome(1, { type: 'cancel' }) })),
  }
  hub.cut()
  expect(await promise).toEqual({ cancelled: true, state: 'cancelled' })
  expect(hub.all('cancel')).toHaveLength(1)
})

test('what is cancelled in one turn leaves in one message', async () => {
  await using hub = await ScriptedHub.open({ cancel: cancelled })
  await using client = connect(hub.url)
  await client.ready
  await Promise.all([1, 2, 3].map(() => client.cancel(client.attach(mintRef()))))
  expect(hub.all('cancel').map((heard) => cancelsOf(heard).length)).toEqual([3])
})

test('a cancel whose answer was lost with the connection is said again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const promise = client.cancel(client.attach(mintRef()))
  const first = await hub.nth('cancel')
  hub.scripts = { cancel: answer({ type: 'finished', state: 'cancelled' }) }
  hub.cut()
  expect(await promise).toEqual({ cancelled: true, state: 'cancelled' })
  expect(hub.all('cancel')[1]?.message).toEqual(first.message)
})

test('the promise of a relay is welcome, and the job is cancelled once it is stored', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll, cancel: cancelled })
  await using client = connect(hub.url)
  const made = job.new()
  const relay = client.async(made)
  expect(await Promise.all([client.cancel(relay), client.cancel(client.attach(made.ref))])).toMatchObject([{ cancelled: true }, { cancelled: true }])
  expect(hub.heard.map(({ event }) => event)[0]).toBe('submit')
})

test.each(['not_found', 'expired'] as const)('a ref that is %s rejects', async (type) => {
  await using hub = await ScriptedHub.open({ cancel: answer({ type }) })
  await using client = connect(hub.url)
  const { ref } = client.attach(mintRef())
  await expect(client.cancel(client.attach(ref))).rejects.toMatchObject({ name: 'RelayError', code: type, ref })
})

test('a job that was deleted while its end was awaited rejects as expired', async () => {
  await using hub = await ScriptedHub.open({ cancel: requested, attach: allPending })
  await using client = connect(hub.url)
  const { ref } = client.attach(mintRef())
  const promise = client.cancel(client.attach(ref))
  const rejected = expect(promise).rejects.toMatchObject({ code: 'expired' })
  await hub.nth('attach')
  hub.socket.emit('expired', [ref])
  await rejected
})

test('a hub that cannot be reached in time is unreachable, and the cancel is given up', async () => {
  await using place = await ScriptedHub.open()
  await place.close()
  await using client = connect(place.url, { submitTimeout: 1_000 })
  await expect(client.cancel(client.attach(mintRef()))).rejects.toMatchObject({ code: 'unreachable' })
  await using hub = await ScriptedHub.open({ submit: storeAll }, place.port)
  await client.ready
  await client.async(job.new())
  expect(hub.all('cancel')).toEqual([])
})

test.each(['store_unavailable', 'forbidden', 'rate_limited'])('a hub that refuses (%s) rejects', async (code) => {
  await using hub = await ScriptedHub.open({ cancel: () => ({ refused: { code, message: 'No.', retryAfter: 2 } }) })
  await using client = connect(hub.url)
  await expect(client.cancel(client.attach(mintRef()))).rejects.toMatchObject({ name: 'RelayError', code, message: 'No.', retryAfter: 2 })
})

test.each([[[]], ['nonsense'], [[{ ref: mintRef(), type: 'cancelled', state: 'cancelled' }]], [[null]]])(
  'an answer that answers something else (%j) is trouble of the hub',
  async (reply) => {
    await using hub = await ScriptedHub.open({ cancel: () => reply })
    await using client = connect(hub.url)
    await expect(client.cancel(client.attach(mintRef()))).rejects.toMatchObject({ code: 'store_unavailable' })
  },
)

test('closing the client rejects what is not answered yet, also the wait for the end, and whatever comes later', async () => {
  await using hub = await ScriptedHub.open({ cancel: requested, attach: allPending })
  const client = connect(hub.url)
  const following = expect(client.cancel(client.attach(mintRef()))).rejects.toMatchObject({ code: 'closed' })
  await hub.nth('attach')
  hub.scripts = {}
  const asking = expect(client.cancel(client.attach(mintRef()))).rejects.toMatchObject({ code: 'closed' })
  await hub.nth('cancel', 2)
  await client.close()
  await Promise.all([following, asking])
  await expect(client.cancel(client.attach(mintRef()))).rejects.toMatchObject({ code: 'closed' })
})

test('a reason that cannot be encoded is a TypeError that says where, and nothing is sent', async () => {
  await using client = connect('http://127.0.0.1:1')
  const promise = client.cancel(client.attach(mintRef()), { reason: { list: [() => 1] } })
  await expect(promise).rejects.toThrow(TypeError)
  await expect(promise).rejects.toThrow('reason: Cannot encode a function at .list[0].')
  expect(client.status).toBe('idle')
})

test('a reason over the limit of args is payload_too_large, and leaves its neighbours alone', async () => {
  await using hub = await ScriptedHub.open({ cancel: cancelled })
  hub.welcome = { protocol: 1, limits: { ...limits, argsBytes: 1_024 } }
  await using client = connect(hub.url)
  const [big, small] = await Promise.allSettled([
    client.cancel(client.attach(mintRef()), { reason: 'x'.repeat(2_000) }),
    client.cancel(client.attach(mintRef())),
  ])
  expect(big).toMatchObject({ reason: { code: 'payload_too_large', message: 'The encoded reason takes 2004 bytes; at most 1024 are taken.' } })
  expect(small).toMatchObject({ value: { cancelled: true } })
})

test.each([undefined, 'x', {}, Promise.resolve(3)])('cancel and inspect refuse what is no relay: %j', async (given) => {
  await using client = connect('http://127.0.0.1:1')
  await expect(client.cancel(given as never)).rejects.toThrow(TypeError)
  await expect(client.inspect(given as never)).rejects.toThrow(TypeError)
})

test('a relay whose job was not submitted rejects as its submit does', async () => {
  await using client = connect('http://127.0.0.1:1')
  await expect(client.cancel(client.async(job.new(1, { priority: 12 })))).rejects.toMatchObject({ code: 'invalid_job' })
  await expect(client.cancel(client.async(job.new(1, { priority: 12 })), { reason: () => 1 })).rejects.toThrow('reason:')
})

test('a running job that does not end in time is executing, and no longer waited for', async () => {
  await using hub = await ScriptedHub.open({ cancel: requested, attach: allPending, detach: () => 1 })
  await using client = makeClient({ addresses: [`${hub.url}/socket.io/`], submitTimeout: 10_000, endsWithin: 30 })
  const relay = client.attach(mintRef())
  expect(await client.cancel(relay)).toEqual({ cancelled: false, state: 'executing' })
  expect((await hub.nth('detach')).message.refs).toEqual([{ ref: relay.ref, want: 'final' }])
})
