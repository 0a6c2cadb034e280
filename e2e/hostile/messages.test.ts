import { mintLease, mintRef } from '@anchorleg/shared'
import { describe } from 'vitest'
import type { Scene } from '#e2e/hostile/scene.js'
import { Stranger, someRef } from '#e2e/hostile/stranger.js'
import { type Line, play } from './play.js'

/** Who asks, what of, and with which words. The words are made anew each time. */
const asks = (namespace: '/client' | '/worker' | '/admin') => (event: string, message: unknown | (() => unknown)) => async (scene: Scene) => {
  const peer = await Stranger.welcomed(scene, namespace)
  const answer = await peer.ask(event, typeof message === 'function' ? message() : message, namespace)
  peer.hangUp()
  return wordOf(answer)
}

/** An answer in a word: the code of a refusal, of the message or of its first entry, or what was said of the first entry. */
function wordOf(answer: unknown): string {
  if (typeof answer === 'string') return answer
  const { ok, refused } = answer as { ok?: unknown; refused?: { code: string } }
  if (refused) return refused.code
  const first: unknown = Array.isArray(ok) ? ok[0] : ok
  if (typeof first !== 'object' || first === null) return String(first)
  const { refused: entry, type } = first as { refused?: { code: string }; type?: string }
  return entry?.code ?? type ?? 'stored'
}

const client = asks('/client')
const admin = asks('/admin')

/** A worker asks, once it has registered for jobs that nobody has. */
const worker = (event: string, message: unknown) => async (scene: Scene) => {
  const peer = await Stranger.welcomed(scene, '/worker')
  await peer.ask('register', { names: ['nothing'], queues: { nowhere: 1 }, held: [] }, '/worker')
  const answer = await peer.ask(event, message, '/worker')
  peer.hangUp()
  return wordOf(answer)
}

/** A job as it should be, but for these fields; of a name that no worker here runs. */
const job = (fields: object = {}) => ({ ref: mintRef(), name: 'hostile', codec: 'd6', args: '[1]', ...fields })
const submits = (fields: object) => client('submit', () => ({ jobs: [job(fields)] }))
/** The same with one value written as this JSON, which no program would write. */
const submitsText = (field: string, json: string) => async (scene: Scene) => {
  const peer = await Stranger.welcomed(scene)
  const answer = await peer.askText(`["submit",{"jobs":[${JSON.stringify(job()).slice(0, -1)},"${field}":${json}}]}]`)
  peer.hangUp()
  return wordOf(answer)
}
/** Two jobs under one ref in one message, these so many times; what is said of the first and of the last. */
const submitsTwice =
  (first: object, second: object, times = 1) =>
  async (scene: Scene) => {
    const peer = await Stranger.welcomed(scene)
    const ref = mintRef()
    const jobs = [job(first), job(second)].map((each) => ({ ...each, ref }))
    const answer = await peer.ask<{ refused?: { code: string } }[]>('submit', { jobs: Array.from({ length: times }, () => jobs).flat() })
    peer.hangUp()
    if (typeof answer === 'string' || 'refused' in answer) return wordOf(answer)
    return [answer.ok[0], answer.ok.at(-1)].map((entry) => entry?.refused?.code ?? 'stored').join(', ')
  }
const nested = (levels: number) => {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = { a: value }
  return value
}

describe('jobs that a client submits', () => {
  play([
    ['none', 'invalid_message', client('submit', { jobs: [] })],
    ['a job in the place of a list', 'invalid_message', client('submit', () => ({ jobs: job() }))],
    ['more than a message may have', 'payload_too_large', client('submit', { jobs: Array.from({ length: 10_001 }, () => 0) })],
    ['10,000 without a ref', 'invalid_message', client('submit', { jobs: Array.from({ length: 10_000 }, () => ({ name: 'x' })) })],
    ['a field that no message has', 'invalid_message', client('submit', () => ({ jobs: [job()], tenant: 'other' }))],
    ['one with the tenant of others', 'invalid_job', submits({ tenant: 'other' })],
    ['one with a state of its own', 'invalid_job', submits({ state: 'completed' })],
    ['a ref in capitals', 'invalid_message', submits({ ref: mintRef().toUpperCase() })],
    ['a ref with a line break', 'invalid_message', submits({ ref: `${someRef}\n` })],
    ['a ref of SQL', 'invalid_message', submits({ ref: "' OR 1=1; DROP TABLE jobs; --" })],
    ['a ref that is a list of one', 'invalid_message', submits({ ref: [someRef] })],
    ['the same ref twice, with other args', 'stored, ref_conflict', submitsTwice({ args: '[1]' }, { args: '[2]' })],
    ['the same ref 10,000 times', 'stored, stored', submitsTwice({}, {}, 5_000)],
    ['the same ref under a name that only looks the same', 'stored, ref_conflict', submitsTwice({ name: 'caf\u00e9' }, { name: 'cafe\u0301' })],
    ['the same ref under a name with an invisible end', 'stored, ref_conflict', submitsTwice({ name: 'x' }, { name: 'x\u200b' })],
    ['an empty name', 'invalid_job', submits({ name: '' })],
    ['a name of 129 characters', 'invalid_job', submits({ name: 'x'.repeat(129) })],
    ['a name of a megabyte', 'invalid_job', submits({ name: 'x'.repeat(2 ** 20) })],
    ['a name with half a surrogate pair', 'invalid_job', submitsText('name', '"\\ud800"')],
    ['the name __proto__', 'invalid_job', submits({ name: '__proto__' })],
    ['the queue __proto__', 'invalid_job', submits({ queue: '__proto__' })],
    ['the queue constructor, which is a name as any', 'stored', submits({ queue: 'constructor' })],
    ['a name of SQL, which is a name as any', 'stored', submits({ name: "'); DROP TABLE jobs; --" })],
    ['a name with a NUL, which is a name as any', 'stored', submits({ name: 'a\0b' })],
    ['priority 10', 'invalid_job', submits({ priority: 10 })],
    ['priority −1', 'invalid_job', submits({ priority: -1 })],
    ['priority 0.5', 'invalid_job', submits({ priority: 0.5 })],
    ['priority 1e400, which is no number', 'invalid_job', submitsText('priority', '1e400')],
    ['no attempts', 'invalid_job', submits({ maxAttempts: 0 })],
    ['1e300 attempts', 'invalid_job', submits({ maxAttempts: 1e300 })],
    ['attempts as text', 'invalid_job', submits({ maxAttempts: '20' })],
    ['scheduled at 1e300', 'invalid_job', submits({ scheduledAt: 1e300 })],
    ['scheduled before time began', 'invalid_job', submits({ scheduledAt: -1 })],
    ['scheduled at the end of time, which is a time as any', 'stored', submits({ scheduledAt: 8.64e15 })],
    ['scheduled in 1e300 seconds', 'invalid_job', submits({ scheduleIn: 1e300 })],
    ['scheduled in −1 seconds', 'invalid_job', submits({ scheduleIn: -1 })],
    ['a timeout of 0', 'invalid_job', submits({ timeout: 0 })],
    ['a timeout of 1e300, which is none', 'stored', submits({ timeout: 1e300, scheduleIn: 1_000 })],
    ['33 tags', 'invalid_job', submits({ tags: Array.from({ length: 33 }, () => 'x') })],
    ['a tag that is null', 'invalid_job', submits({ tags: [null] })],
    ['meta 17 levels deep', 'invalid_job', submits({ meta: nested(17) })],
    ['meta 50,000 levels deep', 'invalid_job', submitsText('meta', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`)],
    ['meta of 17 kB', 'invalid_job', submits({ meta: { a: 'x'.repeat(17_000) } })],
    ['meta with __proto__, which is a key as any', 'stored', submitsText('meta', '{"__proto__":{"polluted":true}}')],
    ['a codec of a kilobyte', 'invalid_job', submits({ codec: 'x'.repeat(1_000) })],
    ['args that are not sealed', 'invalid_job', submits({ args: { int: 1 } })],
    ['args of one byte too many', 'payload_too_large', submits({ args: 'x'.repeat(2 ** 20 + 1) })],
    ['args of few characters and too many bytes', 'payload_too_large', submits({ args: '←'.repeat(2 ** 19) })],
    ['args that are no JSON, which the hub does not read', 'stored', submits({ args: ']]{{<script>' })],
    ['a unique key of a kilobyte', 'invalid_job', submits({ unique: { key: 'x'.repeat(1_000), states: ['available'] } })],
    ['unique in a state that there is not', 'invalid_job', submits({ unique: { key: 'x', states: ['immortal'] } })],
    ['unique for −1 seconds', 'invalid_job', submits({ unique: { key: 'x', period: -1, states: ['available'] } })],
    ['a trace of a kilobyte', 'invalid_job', submits({ trace: 'x'.repeat(1_000) })],
  ] satisfies Line[])
})

const wants = (count: number, ref: () => string = mintRef) => ({ refs: Array.from({ length: count }, () => ({ ref: ref(), want: 'any' })) })
const claim = () => ({ jobId: '1', lease: mintLease() })

describe('what else a client asks', () => {
  play([
    ['attach to nothing', 'invalid_message', client('attach', { refs: [] })],
    ['attach to a ref that there is not', 'not_found', client('attach', wants(1))],
    ['attach to 10,000 that there are not', 'not_found', client('attach', () => wants(10_000))],
    ['attach to 10,001', 'payload_too_large', client('attach', () => wants(10_001))],
    [
      'attach to one ref 10,000 times',
      'not_found',
      client(
        'attach',
        wants(10_000, () => someRef),
      ),
    ],
    ['attach wanting everything', 'invalid_message', client('attach', { refs: [{ ref: someRef, want: 'all' }] })],
    ['attach to a pattern', 'invalid_message', client('attach', { refs: [{ ref: '%', want: 'any' }] })],
    ['leave what it never joined', '1', client('detach', wants(1))],
    ['look at null', 'invalid_message', client('look', null)],
    ['cancel what there is not', 'not_found', client('cancel', { cancels: [{ ref: someRef, codec: 'd6', reason: '[1]' }] })],
    [
      'cancel for a reason of two megabytes',
      'payload_too_large',
      client('cancel', { cancels: [{ ref: someRef, codec: 'd6', reason: 'x'.repeat(2 ** 21) }] }),
    ],
    ['inspect what there is not', 'not_found', client('inspect', { refs: [someRef] })],
    ['watch from before the beginning', 'invalid_message', client('watch', { watches: [{ ref: someRef, from: { run: -1, index: 0, number: 0 } }] })],
    ['watch from beyond all numbers', 'not_found', client('watch', { watches: [{ ref: someRef, from: { run: 2 ** 53 - 1, index: 0, number: 0 } }] })],
    ['watch one ref 10,000 times', 'not_found', client('watch', { watches: Array.from({ length: 10_000 }, () => ({ ref: someRef })) })],
    ['settle, which is a worker’s', 'invalid_message', client('settle', { settlements: [] })],
    ['pause a queue, which is an operator’s', 'invalid_message', client('setQueues', { changes: [{ queue: 'default', paused: true }] })],
    ['welcome, which is the hub’s', 'invalid_message', client('welcome', {})],
  ] satisfies Line[])
})

describe('what a worker says', () => {
  const unregistered = asks('/worker')
  const ok = { type: 'ok', codec: 'd6', value: '[1]' }
  play([
    ['settle before it has registered', 'invalid_message', unregistered('settle', { settlements: [{ ...claim(), outcome: ok }] })],
    ['drain before it has registered', 'invalid_message', unregistered('drain', { release: [] })],
    ['register for no slots', 'invalid_message', unregistered('register', { names: ['x'], queues: { default: 0 }, held: [] })],
    ['register for 1e9 slots', 'invalid_message', unregistered('register', { names: ['x'], queues: { default: 1e9 }, held: [] })],
    [
      'register for 10,001 names',
      'payload_too_large',
      unregistered('register', { names: Array.from({ length: 10_001 }, () => 'x'), queues: {}, held: [] }),
    ],
    [
      'register with leases that nobody gave',
      'stored',
      unregistered('register', { names: [], queues: {}, held: Array.from({ length: 100 }, claim) }),
    ],
    ['register twice', 'invalid_message', worker('register', { names: ['x'], queues: {}, held: [] })],
    ['settle with a guessed lease', 'stale', worker('settle', { settlements: [{ ...claim(), outcome: ok }] })],
    ['settle with an empty lease', 'invalid_message', worker('settle', { settlements: [{ jobId: '1', lease: '', outcome: ok }] })],
    ['settle a job of SQL', 'stale', worker('settle', { settlements: [{ jobId: '1 OR 1=1', lease: mintLease(), outcome: ok }] })],
    ['settle a job beyond all numbers', 'stale', worker('settle', { settlements: [{ jobId: '9'.repeat(32), lease: mintLease(), outcome: ok }] })],
    ['settle with a state of its own', 'invalid_message', worker('settle', { settlements: [{ ...claim(), outcome: { type: 'completed' } }] })],
    [
      'settle as crashed, which is the hub’s to say',
      'invalid_message',
      worker('settle', { settlements: [{ ...claim(), outcome: { type: 'error', code: 'crashed', message: '', codec: 'd6' } }] }),
    ],
    ['snooze for 1e300 seconds', 'invalid_message', worker('settle', { settlements: [{ ...claim(), outcome: { type: 'snooze', seconds: 1e300 } }] })],
    ['renew with guessed leases', 'false', worker('renew', { leases: Array.from({ length: 1_000 }, claim) })],
    ['progress with a guessed lease', 'stale', worker('progress', { reports: [{ ...claim(), codec: 'd6', value: '[1]' }] })],
    ['emit with a guessed lease', 'stale', worker('emit', { chunks: [{ ...claim(), index: 0, codec: 'd6', value: '[1]' }] })],
    ['emit out of all order', 'stale', worker('emit', { chunks: [{ ...claim(), index: 2 ** 53 - 1, codec: 'd6', value: '[1]' }] })],
    ['emit before the first', 'invalid_message', worker('emit', { chunks: [{ ...claim(), index: -1, codec: 'd6', value: '[1]' }] })],
    [
      'emit more than a result may have',
      'payload_too_large',
      worker('emit', { chunks: [{ ...claim(), index: 0, codec: 'd6', value: 'x'.repeat(2 ** 20 + 1) }] }),
    ],
    ['give back what it does not hold', 'stale', worker('drain', { release: [claim()] })],
    ['submit, which is a client’s', 'invalid_message', worker('submit', { jobs: [job()] })],
  ] satisfies Line[])
})

describe('what an operator says', () => {
  play([
    ['pause __proto__', 'invalid_message', admin('setQueues', { changes: [{ queue: '__proto__', paused: true }] })],
    ['limit a queue to 1e300 jobs', 'invalid_message', admin('setQueues', { changes: [{ queue: 'x', limit: 1e300 }] })],
    ['retry what there is not', 'not_found', admin('retry', { refs: [someRef] })],
    ['submit, which is a client’s', 'invalid_message', admin('submit', { jobs: [job()] })],
  ] satisfies Line[])
})
