import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { type AwaitResult, connect, defineJob, InvalidJobError, unwrap } from '#client/index.js'
import { createWorker } from '#client/worker/index.js'

const job = defineJob({ name: 'job' })
const nowhere = 'http://127.0.0.1:1'

test.each([
  [{ timout: 5 }, 'timout: unknown option: expected one of timeout, signal, withRetries'],
  [[5], 'expected milliseconds or an object of options, got an array'],
])('await refuses the options %j', async (options, message) => {
  await using client = connect(nowhere)
  await expect(client.await(client.attach(mintRef()), options as never)).rejects.toThrow(new TypeError(message))
})

test('awaitMany refuses a list with holes, naming the place', async () => {
  await using client = connect(nowhere)
  const relays = new Array(3)
  relays[0] = client.attach(mintRef())
  await expect(client.awaitMany(relays)).rejects.toThrow('expected a relay or the promise of one at index 1, got undefined')
})

test.each([
  [{ cancelOnDisconect: true }, 'cancelOnDisconect: unknown option: expected one of signal, cancelOnDisconnect'],
  [{ cancelOnDisconnect: 1 }, 'cancelOnDisconnect: expected a boolean, got 1'],
  [{ signal: {} }, 'signal: expected an AbortSignal, got an object'],
  [5_000, 'options: expected an object with signal, cancelOnDisconnect, got 5000'],
])('async refuses the options %j as it refuses a job', async (options, message) => {
  await using client = connect(nowhere)
  const submit = client.async(job.new(), options as never)
  await expect(submit).rejects.toThrow(InvalidJobError)
  await expect(submit).rejects.toThrow(message)
})

test.each([
  [{ reasons: 'x' }, 'reasons: unknown option: expected one of reason'],
  ['x', 'options: expected an object with reason, got "x"'],
])('cancel refuses the options %j', async (options, message) => {
  await using client = connect(nowhere)
  await expect(client.cancel(client.attach(mintRef()), options as never)).rejects.toThrow(new TypeError(message))
})

test('watch and connect refuse options that there are none', async () => {
  await using client = connect(nowhere)
  const message = 'signals: unknown option: expected one of signal'
  expect(() => client.watch(client.attach(mintRef()), { signals: [] } as never)).toThrow(new TypeError(message))
  const wrong = { tokn: 'x' } as never
  expect(() => connect(nowhere, wrong)).toThrow(new TypeError('tokn: unknown option: expected one of token, path, submitTimeout'))
})

test.each([
  [100, 'options: expected an object with timeout, got 100'],
  [{ timeouts: 1 }, 'timeouts: unknown option: expected one of timeout'],
  [{ timeout: -1 }, 'timeout: expected milliseconds from 0 to Infinity, got -1'],
])('drain refuses the options %j, and the worker works on', async (options, message) => {
  await using worker = createWorker(nowhere, { jobs: [job.perform(() => 1)] })
  await expect(worker.drain(options as never)).rejects.toThrow(new TypeError(message))
  await worker.close()
})

test('a worker is refused options that there are none', () => {
  const options = { jobs: [job.perform(() => 1)], concurrency: 5 } as never
  const message = 'concurrency: unknown option: expected one of jobs, queues, token, path, logger'
  expect(() => createWorker(nowhere, options)).toThrow(new TypeError(message))
})

test('a job keeps the name of its definition', async () => {
  await using client = connect(nowhere)
  const submit = client.async(job.new(undefined, { name: 'other' } as never))
  await expect(submit).rejects.toMatchObject({ code: 'invalid_job', issues: [{ path: ['name'], message: expect.stringContaining('"job"') }] })
})

test.each([undefined, null, 'ok', { type: 'unknown' }])('unwrap refuses %j, which no await gave', (result) => {
  expect(() => unwrap(result as unknown as AwaitResult<unknown>)).toThrow('expected a result of await, got')
})
