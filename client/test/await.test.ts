import { getEventListeners } from 'node:events'
import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { makeClient } from '#client/client.js'
import { connect, defineJob } from '#client/index.js'
import { allPending, failedOutcome, type Heard, okOutcome, ScriptedHub, storeAll } from './support/scriptedHub.js'

const job = defineJob({ name: 'job' })
const forever = Number.POSITIVE_INFINITY
/** The hub has 100 ms for its last word, whatever else the machine is busy with: such a test may try again. */
const lastWord = { retry: 3 }
const refsOf = ({ message }: Heard) => message.refs.map(({ ref }: { ref: string }) => ref)
const outcomes =
  (outcome: unknown) =>
  ({ message }: Heard) =>
    message.refs.map(({ ref }: { ref: string }) => ({ ref, type: 'outcome', outcome }))
const standings =
  (standing: object) =>
  ({ message }: Heard) =>
    message.refs.map(({ ref }: { ref: string }) => ({ ref, ...standing }))
const pending = (waiting: string, state: string) => standings({ type: 'pending', waiting, state })

test('an await gets a stored outcome at once', async () => {
  await using hub = await ScriptedHub.open({ attach: outcomes(okOutcome({ a: [1] })) })
  await using client = connect(hub.url)
  expect(await client.await(client.attach(mintRef()))).toEqual({ type: 'ok', value: { a: [1] } })
  expect(hub.heard.map(({ event }) => event)).toEqual(['attach'])
})

test('an await gets the next outcome when none is stored', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const ref = mintRef()
  const result = client.await(client.attach(ref))
  await hub.nth('attach')
  hub.push({ ref: mintRef(), outcome: okOutcome('another') }, { ref, outcome: okOutcome('mine') })
  expect(await result).toEqual({ type: 'ok', value: 'mine' })
})

test('withRetries waits for the final outcome', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const relay = client.attach(mintRef())
  const [any, final] = [client.await(relay), client.await(relay, { withRetries: true })]
  const { message } = await hub.nth('attach')
  expect(message.refs).toEqual([
    { ref: relay.ref, want: 'any' },
    { ref: relay.ref, want: 'final' },
  ])
  hub.push({ ref: relay.ref, outcome: failedOutcome('first') })
  expect(await any).toMatchObject({ error: { code: 'failed', reason: 'first' } })
  hub.push({ ref: relay.ref, outcome: okOutcome('second') })
  expect(await final).toEqual({ type: 'ok', value: 'second' })
})

test('awaiters of one ref share one attachment, and none sees what another does to its value', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const relay = client.attach<{ list: number[] }>(mintRef())
  const results = client.awaitMany([relay, relay])
  await hub.nth('attach')
  hub.push({ ref: relay.ref, outcome: okOutcome({ list: [1] }) })
  const [first, second] = await results
  if (first?.type === 'ok') first.value.list.push(2)
  expect(second).toEqual({ type: 'ok', value: { list: [1] } })
  expect(hub.all('attach').flatMap(refsOf)).toEqual([relay.ref])
})

test.each(['not_found', 'expired'] as const)('a ref that is %s ends its await', async (type) => {
  await using hub = await ScriptedHub.open({ attach: standings({ type }) })
  await using client = connect(hub.url)
  expect(await client.await(client.attach(mintRef()), forever)).toMatchObject({ type: 'error', error: { code: type } })
})

test('at its deadline an await asks once what the job waits for, and leaves', lastWord, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: pending('queue_paused', 'available'), detach: () => 1 })
  await using client = connect(hub.url)
  await client.ready
  const relay = client.attach(mintRef())
  expect(await client.await(relay, 30)).toStrictEqual({
    type: 'error',
    error: { code: 'timeout', message: 'No outcome within 30 ms: the job is available (queue_paused).', waiting: 'queue_paused', state: 'available' },
  })
  const { message } = await hub.nth('detach')
  expect(message.refs).toEqual([{ ref: relay.ref, want: 'any' }])
  expect(hub.all('look').map(refsOf)).toEqual([[relay.ref]])
})

test('an outcome found at the deadline is the result', lastWord, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: outcomes(okOutcome('just in time')) })
  await using client = connect(hub.url)
  await client.ready
  expect(await client.await(client.attach(mintRef()), 10)).toEqual({ type: 'ok', value: 'just in time' })
})

test('a hub that says nothing at the deadline delays the timeout by no more than 100 ms', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  await client.ready
  const began = performance.now()
  expect(await client.await(client.attach(mintRef()), 50)).toMatchObject({ error: { code: 'timeout', waiting: 'disconnected' } })
  const took = performance.now() - began
  expect(took).toBeGreaterThanOrEqual(145)
  expect(took).toBeLessThan(1_000)
})

test('an await on a client that cannot reach its hub keeps its deadline', async () => {
  await using client = connect('http://127.0.0.1:1')
  const began = performance.now()
  const result = await client.await(client.attach(mintRef()), 50)
  expect(result).toStrictEqual({
    type: 'error',
    error: { code: 'timeout', message: 'No outcome within 50 ms: the hub could not be asked.', waiting: 'disconnected' },
  })
  expect(performance.now() - began).toBeLessThan(1_000)
})

test('the looks of one turn travel in one message', lastWord, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: pending('running', 'executing'), detach: () => 1 })
  await using client = connect(hub.url)
  await client.ready
  const relays = [1, 2, 3].map(() => client.attach(mintRef()))
  const results = await client.awaitMany(relays, 20)
  expect(results).toMatchObject(relays.map(() => ({ error: { code: 'timeout', waiting: 'running', state: 'executing' } })))
  await hub.nth('detach')
  expect([hub.all('look').length, hub.all('attach').length, hub.all('detach').length]).toEqual([1, 1, 1])
})

test('an await of 0 answers from what is stored, joining nothing, also on a client that is only just connecting', lastWord, async () => {
  await using hub = await ScriptedHub.open({ look: outcomes(okOutcome('stored')) })
  await using client = connect(hub.url)
  expect(await client.await(client.attach(mintRef()), 0)).toEqual({ type: 'ok', value: 'stored' })
  hub.scripts = { look: pending('no_worker', 'available') }
  expect(await client.await(client.attach(mintRef()), 0)).toMatchObject({ error: { code: 'timeout', waiting: 'no_worker' } })
  expect(hub.heard.map(({ event }) => event)).toEqual(['look', 'look'])
})

test('an await of 0 of a job that is being submitted looks after that', lastWord, async () => {
  await using hub = await ScriptedHub.open({ look: pending('no_worker', 'available') })
  await using client = connect(hub.url)
  await client.ready
  const result = client.await(client.async(job.new()), 0)
  const heard = await hub.nth('submit')
  await client.await(client.attach(mintRef()), 0)
  expect(hub.all('look')).toHaveLength(1)
  heard.answer({ ok: storeAll(heard) })
  expect(await result).toMatchObject({ error: { code: 'timeout', waiting: 'no_worker', state: 'available' } })
  expect(refsOf(await hub.nth('look', 2))).toEqual([heard.message.jobs[0].ref])
})

test('an endless wait, and one beyond what timers keep, do not fire at once', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const ref = mintRef()
  const results = [forever, 2 ** 31, Number.MAX_VALUE].map((timeout) => client.await(client.attach(ref), timeout))
  await hub.nth('attach')
  await client.await(client.attach(mintRef()), 20)
  hub.push({ ref, outcome: okOutcome(1) })
  expect(await Promise.all(results)).toEqual([1, 2, 3].map(() => ({ type: 'ok', value: 1 })))
})

test('after a reconnect all that is pending is attached again in one message', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const relays = [1, 2, 3].map(() => client.attach(mintRef()))
  const results = client.awaitMany(relays, forever)
  await hub.nth('attach')
  hub.cut()
  const again = await hub.nth('attach', 2)
  expect(refsOf(again)).toEqual(relays.map(({ ref }) => ref))
  hub.push(...relays.map(({ ref }, i) => ({ ref, outcome: okOutcome(i) })))
  expect(await results).toEqual([0, 1, 2].map((value) => ({ type: 'ok', value })))
})

test('an attach whose answer was lost with the connection is sent again', async () => {
  await using hub = await ScriptedHub.open()
  await using client = connect(hub.url)
  const result = client.await(client.attach(mintRef()))
  await hub.nth('attach')
  hub.scripts = { attach: outcomes(okOutcome('found')) }
  hub.cut()
  expect(await result).toEqual({ type: 'ok', value: 'found' })
})

test('an attach that gets no answer in time is sent again on the same connection', async () => {
  await using hub = await ScriptedHub.open()
  await using client = makeClient({ addresses: [`${hub.url}/socket.io/`], submitTimeout: 10_000, answerWithin: 500 })
  const result = client.await(client.attach(mintRef()), forever)
  await hub.nth('attach', 2)
  hub.scripts = { attach: outcomes(okOutcome('found')) }
  expect(await result).toEqual({ type: 'ok', value: 'found' })
  expect(hub.sockets).toHaveLength(1)
})

test('a submit that gets no answer in time is sent again on the same connection', async () => {
  await using hub = await ScriptedHub.open()
  await using client = makeClient({ addresses: [`${hub.url}/socket.io/`], submitTimeout: 10_000, answerWithin: 500 })
  const made = job.new()
  const relay = client.async(made)
  await hub.nth('submit')
  hub.scripts = { submit: storeAll }
  expect(await relay).toMatchObject({ ref: made.ref })
  expect(hub.sockets).toHaveLength(1)
})

test('the deadline of an await is kept over a reconnect', lastWord, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: pending('running', 'executing') })
  await using client = connect(hub.url)
  await client.ready
  const began = performance.now()
  const result = client.await(client.attach(mintRef()), 600)
  await hub.nth('attach')
  hub.cut()
  await hub.nth('attach', 2)
  expect(await result).toMatchObject({ error: { code: 'timeout', waiting: 'running' } })
  expect(Math.abs(performance.now() - began - 600)).toBeLessThan(200)
})

test('a store that is unavailable is asked again until the deadline', async () => {
  let tries = 0
  const refused = { refused: { code: 'store_unavailable', message: 'Busy.' } }
  await using hub = await ScriptedHub.open({ attach: (heard) => (++tries < 3 ? refused : outcomes(okOutcome('at last'))(heard)) })
  await using client = connect(hub.url)
  expect(await client.await(client.attach(mintRef()))).toEqual({ type: 'ok', value: 'at last' })
  expect(tries).toBe(3)
})

test('a hub that forbids a ref says so', async () => {
  await using hub = await ScriptedHub.open({ attach: () => ({ refused: { code: 'forbidden', message: 'Not yours.' } }) })
  await using client = connect(hub.url)
  expect(await client.await(client.attach(mintRef()))).toEqual({ type: 'error', error: { code: 'forbidden', message: 'Not yours.' } })
})

test.each([null, {}, { type: 'maybe' }, okOutcome(1, { codec: 'd99' } as never), { ...okOutcome(1), value: '[[' }])(
  'a pushed outcome that cannot be read is undecodable: %j',
  async (outcome) => {
    await using hub = await ScriptedHub.open({ attach: allPending })
    await using client = connect(hub.url)
    const ref = mintRef()
    const result = client.await(client.attach(ref))
    await hub.nth('attach')
    hub.push({ ref, outcome })
    expect(await result).toMatchObject({ type: 'error', error: { code: 'undecodable' } })
  },
)

test('nonsense that the hub pushes harms nothing', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  const ref = mintRef()
  const result = client.await(client.attach(ref))
  await hub.nth('attach')
  for (const nonsense of [null, 'x', 7, [null], [{}], [{ ref: 7 }], {}]) hub.socket.emit('outcomes', nonsense)
  hub.push({ ref, outcome: okOutcome('still here') })
  expect(await result).toEqual({ type: 'ok', value: 'still here' })
})

test('an aborted await ends at once and leaves; the job is not touched', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, detach: () => 1 })
  await using client = connect(hub.url)
  const controller = new AbortController()
  const result = client.await(client.attach(mintRef()), { timeout: forever, signal: controller.signal })
  await hub.nth('attach')
  controller.abort()
  expect(await result).toMatchObject({ type: 'error', error: { code: 'aborted' } })
  await hub.nth('detach')
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  expect(await client.await(client.attach(mintRef()), { signal: AbortSignal.abort() })).toMatchObject({ error: { code: 'aborted' } })
  expect(hub.heard.map(({ event }) => event)).toEqual(['attach', 'detach'])
})

test('an await that ends leaves the attachment to others who share it', lastWord, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: pending('running', 'executing'), detach: () => 1 })
  await using client = connect(hub.url)
  const relay = client.attach(mintRef())
  const long = client.await(relay, forever)
  await hub.nth('attach')
  await client.await(relay, 20)
  hub.push({ ref: relay.ref, outcome: okOutcome(1) })
  expect(await long).toEqual({ type: 'ok', value: 1 })
  expect(hub.all('detach')).toEqual([])
})

test('an await that has had its outcome tells the hub nothing more', async () => {
  await using hub = await ScriptedHub.open({ attach: outcomes(okOutcome(1)), submit: storeAll })
  await using client = connect(hub.url)
  await client.await(client.attach(mintRef()))
  await client.async(job.new())
  expect(hub.heard.map(({ event }) => event)).toEqual(['attach', 'submit'])
})

test('awaitMany gives results in the order of its relays, duplicates too, and partial ones at the deadline', lastWord, async () => {
  await using hub = await ScriptedHub.open({ attach: allPending, look: pending('running', 'executing'), detach: () => 1 })
  await using client = connect(hub.url)
  const [a, b, c] = [1, 2, 3].map(() => client.attach(mintRef()))
  const results = client.awaitMany([a, b, c, a] as const as readonly NonNullable<typeof a>[], 300)
  await hub.nth('attach')
  hub.push({ ref: c?.ref as string, outcome: okOutcome('c') }, { ref: a?.ref as string, outcome: okOutcome('a') })
  expect(await results).toMatchObject([
    { type: 'ok', value: 'a' },
    { type: 'error', error: { code: 'timeout' } },
    { type: 'ok', value: 'c' },
    { type: 'ok', value: 'a' },
  ])
  expect(await client.awaitMany([])).toEqual([])
})

test('one promise that rejects is not_submitted and leaves its neighbours alone', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll })
  await using client = connect(hub.url)
  const good = client.async(job.new())
  const results = client.awaitMany([client.async(job.new(1, { priority: 12 })), good, Promise.reject(new Error('mine')), Promise.resolve(3 as never)])
  hub.push({ ref: (await good).ref, outcome: okOutcome(1) })
  expect(await results).toMatchObject([
    { error: { code: 'not_submitted', cause: { code: 'invalid_job' } } },
    { type: 'ok', value: 1 },
    { error: { code: 'not_submitted', cause: { message: 'mine' } } },
    { error: { code: 'not_submitted', message: 'The promise gave no relay: expected a relay, got 3.' } },
  ])
})

test('a promise of a relay counts against the one deadline', async () => {
  await using hub = await ScriptedHub.open({ attach: allPending })
  await using client = connect(hub.url)
  await client.ready
  const began = performance.now()
  const never = new Promise<ReturnType<typeof client.attach>>(() => {})
  expect(await client.awaitMany([never], 50)).toMatchObject([{ error: { code: 'timeout', waiting: 'disconnected' } }])
  expect(performance.now() - began).toBeLessThan(1_000)
})

test('a promise of a relay from elsewhere is attached once it is there', async () => {
  await using hub = await ScriptedHub.open({ attach: outcomes(okOutcome(1)) })
  await using client = connect(hub.url)
  const later = client.ready.then(() => client.attach(mintRef()))
  expect(await client.await(later)).toEqual({ type: 'ok', value: 1 })
})

test.each([
  [undefined, undefined, 'expected a relay or the promise of one, got undefined'],
  ['01890a5d-ac96-774b-bcce-b302099a8057', undefined, 'expected a relay or the promise of one, got "01890a5d'],
  [job.new(), undefined, 'expected a relay or the promise of one, got an object'],
  [null, Number.NaN, 'timeout: expected milliseconds from 0 to Infinity, got NaN'],
  [null, -1, 'timeout: expected milliseconds from 0 to Infinity, got -1'],
  [null, { timeout: '5' }, 'timeout: expected milliseconds from 0 to Infinity, got "5"'],
  [null, { withRetries: 1 }, 'withRetries: expected a boolean, got 1'],
  [null, { signal: {} }, 'signal: expected an AbortSignal, got an object'],
])('await(%j, %j) rejects with TypeError', async (relay, wait, message) => {
  await using client = connect('http://127.0.0.1:1')
  const call = client.await(relay as never, wait as never)
  await expect(call).rejects.toThrow(TypeError)
  await expect(call).rejects.toThrow(message)
  expect(client.status).toBe('idle')
})

test('methods taken from a client work by themselves', async () => {
  await using hub = await ScriptedHub.open({ submit: storeAll, attach: outcomes(okOutcome(1)) })
  await using client = connect(hub.url)
  const { async: submit, awaitMany, attach } = client
  expect(await awaitMany([attach(await submit(job.new()))])).toEqual([{ type: 'ok', value: 1 }])
})
