import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { connect, defineJob, InvalidJobError, RelayError } from '#client/index.js'
import { type Heard, limits, okOutcome, ScriptedHub, storeAll } from './support/scriptedHub.js'

const job = defineJob({ name: 'job' })
const refs = ({ message }: Heard) => message.jobs.map(({ ref }: { ref: string }) => ref)

test('async resolves with a relay, and only after the hub has stored the job', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const made = job.new({ a: 1 }, { queue: 'media' })
  let stored = false
  const relay = client.async(made).finally(() => expect(stored).toBe(true))
  const { message, answer } = await hub.nth('submit')
  expect(message.jobs).toMatchObject([{ ref: made.ref, name: 'job', queue: 'media', codec: 'd6', args: '[{"a":1},1]' }])
  await client.ready
  stored = true
  answer({ ok: [{ ref: made.ref, conflict: true, name: 'job', queue: 'media' }] })
  expect(await relay).toEqual({ ref: made.ref, conflict: true, job: { name: 'job', queue: 'media' } })
  expect(Object.isFrozen(await relay)).toBe(true)
})

test('what is submitted in one turn leaves in one message', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  await client.ready
  await Promise.all([1, 2, 3].map((n) => client.async(job.new(n))))
  expect(hub.all('submit').map((heard) => refs(heard).length)).toEqual([3])
})

test('a message is cut by the hub’s batch and frame', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  hub.welcome = { protocol: 1, limits: { ...limits, batch: 2, frameBytes: 100_000 } }
  await using client = connect(hub.url)
  await client.ready
  await Promise.all(['a', 'b', 'c', 'x'.repeat(40_000), 'y'.repeat(40_000)].map((args) => client.async(job.new(args))))
  expect(hub.all('submit').map((heard) => refs(heard).length)).toEqual([2, 2, 1])
})

test('a job whose acknowledgement was lost leaves again after the reconnect, once and under the same ref', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const made = job.new()
  const relay = client.async(made)
  await hub.nth('submit')
  hub.scripts = { submit: storeAll }
  hub.cut()
  expect(await relay).toMatchObject({ ref: made.ref })
  expect(hub.all('submit').map(refs)).toEqual([[made.ref], [made.ref]])
  expect(hub.all('submit')[1]?.message).toEqual(hub.all('submit')[0]?.message)
})

test('a job that was acknowledged does not leave again', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  await client.async(job.new())
  hub.cut()
  await hub.connection(2)
  await client.async(job.new())
  expect(hub.all('submit').map((heard) => refs(heard).length)).toEqual([1, 1])
})

test('nothing that was submitted while offline leaves after it was given up', async () => {
  await using place = await ScriptedHub.open()
  await place.close()
  await using client = connect(place.url, { submitTimeout: 1_000 })
  const made = job.new()
  const error = await client.async(made).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(RelayError)
  expect(error).toMatchObject({ code: 'unreachable', ref: made.ref })
  await using hub = await ScriptedHub.open({ submit: storeAll }, place.port)
  await client.ready
  const later = await client.async(job.new())
  expect(hub.all('submit').map(refs)).toEqual([[later.ref]])
})

test('a job that the hub does not confirm in time is unreachable, and may be submitted again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url, { submitTimeout: 1_000 })
  const made = job.new()
  await expect(client.async(made)).rejects.toMatchObject({ code: 'unreachable', ref: made.ref })
  hub.scripts = { submit: storeAll }
  expect(await client.async(made)).toMatchObject({ ref: made.ref })
})

test.each([
  ['ref_conflict', 'ref_conflict'],
  ['unique_conflict', 'unique_conflict'],
  ['payload_too_large', 'payload_too_large'],
  ['forbidden', 'forbidden'],
  ['expired', 'expired'],
  ['store_unavailable', 'store_unavailable'],
  ['closed', 'closed'],
])('one refused entry (%s) rejects its own submit and leaves its neighbours alone', async (code) => {
  const [bad, good] = [job.new(1), job.new(2)]
  await using hub = await ScriptedHub.open({
    submit: (heard) =>
      (storeAll(heard) as { ref: string }[]).map((stored) => (stored.ref === bad.ref ? { ref: bad.ref, refused: { code, message: 'No.' } } : stored)),
  })
  await using client = connect(hub.url)
  const [refused, stored] = await Promise.allSettled([client.async(bad), client.async(good)])
  expect(refused).toMatchObject({ status: 'rejected', reason: { name: 'RelayError', code, message: 'No.', ref: bad.ref } })
  expect(stored).toMatchObject({ status: 'fulfilled', value: { ref: good.ref } })
  expect(hub.all('submit')).toHaveLength(1)
})

test('a message refused whole rejects all its submits, with how long to wait', async () => {
  await using hub = await ScriptedHub.open({ submit: () => ({ refused: { code: 'rate_limited', message: 'Slow down.', retryAfter: 3 } }) })
  await using client = connect(hub.url)
  const results = await Promise.allSettled([client.async(job.new()), client.async(job.new())])
  expect(results).toMatchObject([1, 2].map(() => ({ reason: { code: 'rate_limited', retryAfter: 3 } })))
})

test.each([[[]], ['nonsense'], [[{ ref: 'another', conflict: false, name: 'job', queue: 'default' }]], [[null]]])(
  'an answer that answers something else (%j) is trouble of the store',
  async (answer) => {
    await using hub = await ScriptedHub.open({ submit: () => answer })
    await using client = connect(hub.url)
    await expect(client.async(job.new())).rejects.toMatchObject({ code: 'store_unavailable' })
  },
)

test('invalid args and options reject before anything is sent', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  const strict = defineJob({ name: 'strict', args: z.object({ int: z.number() }) })
  const error = await client.async(strict.new({ int: 'x' } as never)).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(InvalidJobError)
  expect(error).toBeInstanceOf(RelayError)
  expect(error).toMatchObject({ code: 'invalid_job', issues: [{ path: ['int'] }], message: expect.stringContaining('"strict" is invalid: args.int') })
  await expect(client.async(strict.new({ int: 1 }, { priority: 12 }))).rejects.toMatchObject({
    issues: [{ path: ['priority'], message: 'expected an integer from 0 to 9, got 12' }],
  })
  await expect(client.async(undefined as never)).rejects.toMatchObject({ code: 'invalid_job' })
  await client.async(strict.new({ int: 1 }))
  expect(hub.all('submit').map((heard) => refs(heard).length)).toEqual([1])
})

test.each(['before', 'after'])('args over the limit reject %s the limits are known, and nothing is sent', async (when) => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  hub.welcome = { protocol: 1, limits: { ...limits, argsBytes: 1_024 } }
  await using client = connect(hub.url)
  if (when === 'after') await client.ready
  const big = job.new('é'.repeat(600))
  await expect(client.async(big)).rejects.toMatchObject({
    code: 'payload_too_large',
    ref: big.ref,
    message: 'The encoded args of "job" take 1204 bytes; at most 1024 are taken.',
  })
  expect(hub.heard).toEqual([])
})

test('the same job object submitted twice at once is stored under one ref', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  const made = job.new()
  const [first, second] = await Promise.all([client.async(made), client.async(made)])
  expect(first).toEqual(second)
})

test('an aborted submit rejects, and what has not left never leaves', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  const controller = new AbortController()
  const submit = client.async(job.new(), { signal: controller.signal })
  controller.abort()
  await expect(submit).rejects.toMatchObject({ code: 'aborted' })
  await expect(client.async(job.new(), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
  const { ref } = await client.async(job.new())
  expect(hub.all('submit').map(refs)).toEqual([[ref]])
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

test('asyncMany sends all in one atomic message and gives their relays in order', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  const jobs = [job.new(1), job.new(2)] as const
  const relays = await client.asyncMany(jobs)
  expect(relays.map(({ ref }) => ref)).toEqual(jobs.map(({ ref }) => ref))
  expect(hub.all('submit').map(({ message }) => message.atomic)).toEqual([true])
  expect(await client.asyncMany([])).toEqual([])
})

test('asyncMany stays one message beside others of the same turn, and after a reconnect', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  await client.ready
  const jobs = [job.new(1), job.new(2)]
  const single = client.async(job.new())
  const many = client.asyncMany(jobs)
  await hub.nth('submit', 2)
  hub.scripts = { submit: storeAll }
  hub.cut()
  expect((await many).map(({ ref }) => ref)).toEqual(jobs.map(({ ref }) => ref))
  await single
  expect(hub.all('submit').map(({ message }) => [message.atomic ?? false, message.jobs.length])).toEqual([
    [false, 1],
    [true, 2],
    [false, 1],
    [true, 2],
  ])
})

test('asyncMany rejects with the refusal that stopped it, not with those of its neighbours', async () => {
  const jobs = [job.new(1), job.new(2)]
  await using hub = await ScriptedHub.open({
    submit: ({ message }) => [
      { ref: message.jobs[0].ref, refused: { code: 'invalid_job', message: 'Not stored, because another job was refused.' } },
      { ref: message.jobs[1].ref, refused: { code: 'payload_too_large', message: 'Too large.' } },
    ],
  })
  await using client = connect(hub.url)
  await expect(client.asyncMany(jobs)).rejects.toMatchObject({ code: 'payload_too_large', ref: jobs[1]?.ref })
})

test('asyncMany rejects when one of its jobs is invalid, and sends none', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  await expect(client.asyncMany([job.new(), job.new(1, { priority: -1 })])).rejects.toMatchObject({
    code: 'invalid_job',
    issues: [{ path: ['priority'] }],
  })
  await client.ready
  expect(hub.all('submit')).toEqual([])
})

test.each([
  ['entries', { ...limits, batch: 2 }, 'x'],
  ['bytes', { ...limits, frameBytes: 10_000 }, 'x'.repeat(3_000)],
])('asyncMany over one frame by its %s is payload_too_large', async (_, own, args) => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  hub.welcome = { protocol: 1, limits: own }
  await using client = connect(hub.url)
  await expect(client.asyncMany([job.new(args), job.new(args), job.new(args)])).rejects.toMatchObject({ code: 'payload_too_large' })
  expect(hub.all('submit')).toEqual([])
})

test('an await of a promised relay travels with its submit, and its outcome may come before the acknowledgement', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const made = job.new()
  const promise = client.async(made)
  const result = client.await(promise)
  const { message, answer } = await hub.nth('submit')
  expect(message.jobs).toMatchObject([{ ref: made.ref, want: 'any' }])
  hub.push({ ref: made.ref, outcome: okOutcome(7) })
  expect(await result).toEqual({ type: 'ok', value: 7 })
  answer({ ok: [{ ref: made.ref, conflict: false, name: 'job', queue: 'default' }] })
  await promise
  expect(hub.heard.map(({ event }) => event)).toEqual(['submit'])
})

test('a submit carries the want for the final outcome, and nothing where nobody awaits it', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  void client.await(client.async(job.new()), { withRetries: true })
  client.async(job.new()).catch(() => {})
  const { message } = await hub.nth('submit')
  expect(message.jobs.map(({ want }: { want?: string }) => want)).toEqual(['final', undefined])
})

test('a second want of a submitted ref is attached after the acknowledgement', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const promise = client.async(job.new())
  void client.await(promise, Number.POSITIVE_INFINITY)
  void client.await(promise, { timeout: Number.POSITIVE_INFINITY, withRetries: true })
  const heard = await hub.nth('submit')
  heard.answer({ ok: storeAll(heard) })
  const { message } = await hub.nth('attach')
  expect(message.refs).toEqual([{ ref: (await promise).ref, want: 'final' }])
})

test('an await of a ref whose submit is refused is attached after that, because the job may be there all the same', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const made = job.new()
  const submit = client.async(made)
  const result = client.await(client.attach(made.ref))
  const heard = await hub.nth('submit')
  expect(heard.message.jobs).toMatchObject([{ want: 'any' }])
  hub.scripts = { attach: ({ message }) => message.refs.map(({ ref }: { ref: string }) => ({ ref, type: 'outcome', outcome: okOutcome('old') })) }
  heard.answer({ ok: [{ ref: made.ref, refused: { code: 'ref_conflict', message: 'Other content.' } }] })
  await expect(submit).rejects.toMatchObject({ code: 'ref_conflict' })
  expect(await result).toEqual({ type: 'ok', value: 'old' })
})
