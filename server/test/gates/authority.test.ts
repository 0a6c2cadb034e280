import { mintLease, mintRef } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import type { TokenClaims } from '#server/identity/mintToken.js'
import { ask, caller, enter, hub, job, next, ok, type Refusal, settleOk, stored, work } from './peersWithTokens.js'

describe('a tenant', () => {
  const wants = (ref: string) => ({ refs: [{ ref, want: 'any' }] })
  const asks: [string, (ref: string) => object][] = [
    ['attach', wants],
    ['look', wants],
    ['detach', wants],
    ['cancel', (ref) => ({ cancels: [{ ref, codec: 'd6', reason: '["no"]' }] })],
    ['inspect', (ref) => ({ refs: [ref] })],
    ['watch', (ref) => ({ watches: [{ ref }] })],
    ['unwatch', (ref) => ({ refs: [ref] })],
    ['submit', (ref) => ({ jobs: [job({ ref, queue: 'unserved', name: 'same' })] })],
  ]
  test.each(asks)('learns nothing of another’s ref by %s: the answer is that to a ref that never was', async (event, messageOf) => {
    const [owner, stranger] = [await caller(), await caller({ tenant: 'other' })]
    const known = await stored(owner, { queue: 'unserved', args: '[7]' })
    const unknown = mintRef()
    const answerTo = async (ref: string) => JSON.parse(JSON.stringify(await ask(stranger, event, messageOf(ref))).replaceAll(ref, 'ref'))
    const [ofKnown, ofUnknown] = [await answerTo(known), await answerTo(unknown)]
    expect(ofKnown).toEqual(ofUnknown)
    expect(await ok(owner, 'look', wants(known))).toEqual([{ ref: known, type: 'pending', state: 'available', waiting: 'no_worker' }])
  })

  test('hears nothing of another’s job, though it waits for the same ref', async () => {
    const [owner, stranger, worker] = [await caller(), await caller({ tenant: 'other' }), await enter({ role: 'worker' })]
    const heard: unknown[] = []
    stranger.onAny((...packet) => heard.push(packet))
    const [ref, own] = [mintRef(), mintRef()]
    await ok(stranger, 'submit', { jobs: [job({ ref, queue: 'unserved', want: 'any' })] })
    await ok(stranger, 'watch', { watches: [{ ref }] })
    const outcome = next<object[]>(owner, 'outcomes')
    await ok(owner, 'submit', { jobs: [job({ ref, queue: 'heard', want: 'any' })] })
    const { nth } = await work(worker, 'heard')
    await ok(worker, 'settle', settleOk(await nth(1)))
    expect(await outcome).toMatchObject([{ ref, outcome: { type: 'ok' } }])
    const own2 = next<object[]>(stranger, 'outcomes')
    await ok(stranger, 'submit', { jobs: [job({ ref: own, queue: 'heard', want: 'any' })] })
    await ok(worker, 'settle', settleOk(await nth(2)))
    expect(await own2).toMatchObject([{ ref: own }])
    expect(heard.map(([event]: any) => event)).toEqual(['outcomes'])
  })

  test('has unique keys of its own', async () => {
    const unique = { key: 'k', states: ['available'] }
    for (const tenant of ['acme', 'other']) {
      const submitted = await ok<object[]>(await caller({ tenant }), 'submit', { jobs: [job({ queue: 'unserved', unique })] })
      expect(submitted).toMatchObject([{ conflict: false }])
    }
  })
})

describe('a client', () => {
  test('submits to its queues and jobs only; what it may not is refused by itself', async () => {
    const socket = await caller({ queues: ['mail'], jobs: ['send', 'image.*'] })
    const jobs = [
      job({ queue: 'mail', name: 'send' }),
      job({ queue: 'mail', name: 'other' }),
      job({ queue: 'default', name: 'send' }),
      job({ queue: 'mail', name: 'image.resize' }),
    ]
    const submitted = await ok<{ refused?: Refusal }[]>(socket, 'submit', { jobs })
    expect(submitted.map(({ refused }) => refused?.code)).toEqual([undefined, 'forbidden', 'forbidden', undefined])
    expect(submitted[1]?.refused?.message).toBe('This token is not for jobs named "other" in the queue "mail".')
    const looked = await ok<{ type: string }[]>(socket, 'look', { refs: jobs.map(({ ref }) => ({ ref, want: 'any' })) })
    expect(looked.map(({ type }) => type)).toEqual(['pending', 'not_found', 'not_found', 'pending'])
  })

  test('stores nothing of an atomic message with one job that it may not submit', async () => {
    const socket = await caller({ jobs: ['send'] })
    const jobs = [job({ name: 'send', queue: 'unserved' }), job({ name: 'other', queue: 'unserved' })]
    const submitted = await ok<{ refused?: Refusal }[]>(socket, 'submit', { jobs, atomic: true })
    expect(submitted.map(({ refused }) => refused?.code)).toEqual(['invalid_job', 'forbidden'])
    const looked = await ok<{ type: string }[]>(socket, 'look', { refs: jobs.map(({ ref }) => ({ ref, want: 'any' })) })
    expect(looked.map(({ type }) => type)).toEqual(['not_found', 'not_found'])
  })

  test('that was let in for one ref awaits and watches it, and no other; it submits and cancels nothing', async () => {
    const owner = await caller()
    const [ref, other] = [await stored(owner, { queue: 'unserved' }), await stored(owner, { queue: 'unserved' })]
    const guest = await caller({ ref })
    const both = [other, ref, other].map((each) => ({ ref: each, want: 'any' }))
    for (const event of ['attach', 'look']) {
      expect(await ok(guest, event, { refs: both })).toEqual([
        { ref: other, type: 'not_found' },
        { ref, type: 'pending', state: 'available', waiting: 'no_worker' },
        { ref: other, type: 'not_found' },
      ])
    }
    expect(await ok(guest, 'inspect', { refs: [other, ref] })).toMatchObject([{ type: 'not_found' }, { type: 'job', ref }])
    expect(await ok(guest, 'watch', { watches: [{ ref: other }, { ref }] })).toMatchObject([{ type: 'not_found' }, { type: 'job', ref }])
    for (const [event, message] of [
      ['submit', { jobs: [job({ ref })] }],
      ['cancel', { cancels: [{ ref, codec: 'd6', reason: '["no"]' }] }],
    ] as const) {
      expect(await ask(guest, event, message)).toMatchObject({ refused: { code: 'forbidden' } })
    }
    const told = next(guest, 'outcomes')
    await ok(owner, 'cancel', { cancels: [ref, other].map((each) => ({ ref: each, codec: 'd6', reason: '["no"]' })) })
    expect(await told).toMatchObject([{ ref }])
  })

  test('sees no stacks', async () => {
    const [owner, worker] = [await caller(), await enter({ role: 'worker' })]
    const { nth } = await work(worker, 'traced')
    const ref = await stored(owner, { queue: 'traced', maxAttempts: 1 })
    const { jobId, lease } = await nth(1)
    const outcome = { type: 'error', code: 'exception', name: 'Error', message: 'no', codec: 'd6', trace: '["stack"]' }
    await ok(worker, 'settle', { settlements: [{ jobId, lease, outcome }] })
    for (const event of ['look', 'attach', 'inspect', 'watch'] as const) {
      const message = {
        look: { refs: [{ ref, want: 'any' }] },
        attach: { refs: [{ ref, want: 'any' }] },
        inspect: { refs: [ref] },
        watch: { watches: [{ ref }] },
      }
      const text = JSON.stringify(await ok(owner, event, message[event]))
      expect(text).toContain('"exception"')
      expect(text).not.toContain('stack')
    }
  })
})

describe('a worker', () => {
  test('registers for its queues and jobs only, and is told which are not', async () => {
    const socket = await enter({ role: 'worker', queues: ['mail'], jobs: ['send*'] })
    const registration = { names: ['send', 'other'], queues: { mail: 1, default: 1 }, held: [] }
    expect(await ask(socket, 'register', registration)).toEqual({
      refused: { code: 'forbidden', message: 'This token is not for the queue "default", jobs named "other".' },
    })
    await ok(socket, 'register', { names: ['send', 'send.later'], queues: { mail: 1 }, held: [] })
  })

  test('of one tenant gets the jobs of that one, and a worker of none those of all', async () => {
    const bound = await work(await enter({ role: 'worker', tenant: 'other' }), 'shared')
    await stored(await caller(), { queue: 'shared', args: '["acme"]' })
    await stored(await caller({ tenant: 'other' }), { queue: 'shared', args: '["other"]' })
    expect(await bound.nth(1)).toMatchObject({ args: '["other"]' })
    const all = await work(await enter({ role: 'worker' }), 'shared')
    expect(await all.nth(1)).toMatchObject({ args: '["acme"]' })
    expect(bound.sent).toHaveLength(1)
  })

  test('is told of no ref and no tenant', async () => {
    const { nth } = await work(await enter({ role: 'worker' }), 'frames')
    const ref = await stored(await caller(), { queue: 'frames', meta: { a: 1 } })
    const text = JSON.stringify(await nth(1))
    expect(text).not.toContain(ref)
    expect(text).not.toContain('acme')
  })

  test('settles and keeps only what it holds', async () => {
    const holder = await enter({ role: 'worker' })
    const { nth } = await work(holder, 'held')
    const ref = await stored(await caller(), { queue: 'held' })
    const { jobId, lease } = await nth(1)
    const other = await enter({ role: 'worker' })
    await work(other, 'elsewhere')
    const guess = { jobId, lease: mintLease() }
    expect(await ok(other, 'settle', settleOk(guess))).toEqual(['stale'])
    expect(await ok(other, 'renew', { leases: [guess] })).toEqual([false])
    expect(await ok(other, 'drain', { release: [guess] })).toEqual(['stale'])
    expect(await ok(other, 'progress', { reports: [{ ...guess, codec: 'd6', value: '[1]' }] })).toEqual(['stale'])
    expect(await ok(other, 'emit', { chunks: [{ ...guess, index: 0, codec: 'd6', value: '[1]' }] })).toEqual(['stale'])
    expect(await ok(await caller(), 'look', { refs: [{ ref, want: 'any' }] })).toMatchObject([{ state: 'executing' }])
    expect(await ok(holder, 'settle', settleOk({ jobId, lease }))).toEqual(['settled'])
  })

  test.each([
    ['of another tenant', { tenant: 'other' }, false],
    ['for other queues', { queues: ['another'] }, false],
    ['for other jobs', { jobs: ['another'] }, false],
    ['of the same tenant', { tenant: 'acme' }, true],
  ])('with a token %s that presents a lease of before: %j is still held: %s', async (_, authority, isHeld) => {
    const queue = `again-${mintRef()}`
    const { nth } = await work(await enter({ role: 'worker' }), queue)
    const ref = await stored(await caller(), { queue })
    const { jobId, lease } = await nth(1)
    const [ownQueue, name] = 'queues' in authority ? ['another', 'double'] : [queue, 'jobs' in authority ? 'another' : 'double']
    const socket = await enter({ role: 'worker', ...authority } as TokenClaims)
    const { registered } = await work(socket, ownQueue as string, [name as string], [{ jobId, lease }])
    expect(registered.held).toEqual([isHeld])
    expect(await ok(await caller(), 'look', { refs: [{ ref, want: 'any' }] })).toMatchObject([{ state: 'executing' }])
  })

  test('whose token runs out keeps its jobs for as long as their leases last', async () => {
    const worker = await enter({ role: 'worker', expiresIn: 3 })
    const { nth } = await work(worker, 'expiring')
    const owner = await caller()
    const ref = await stored(owner, { queue: 'expiring' })
    const { jobId, lease } = await nth(1)
    if (worker.connected) await next(worker, 'disconnect')
    // Longer than the grace that a closed connection leaves.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(await ok(owner, 'look', { refs: [{ ref, want: 'any' }] })).toMatchObject([{ type: 'pending', state: 'executing' }])
    const { registered } = await work(await enter({ role: 'worker' }), 'expiring', ['double'], [{ jobId, lease }])
    expect(registered.held).toEqual([true])
  })
})

describe('an admin', () => {
  async function ended(tenant: string): Promise<string> {
    const owner = await caller({ tenant })
    const ref = await stored(owner, { queue: 'unserved' })
    await ok(owner, 'cancel', { cancels: [{ ref, codec: 'd6', reason: '["no"]' }] })
    return ref
  }

  test('of one tenant touches its refs and no queue', async () => {
    const [own, other] = [await ended('acme'), await ended('other')]
    const admin = await enter({ role: 'admin', tenant: 'acme' })
    expect(await ok(admin, 'retry', { refs: [own, other, mintRef()] })).toEqual(['retried', 'not_found', 'not_found'])
    expect(await ask(admin, 'retry', { refs: [other], tenant: 'other' })).toMatchObject({ refused: { code: 'forbidden' } })
    expect(await ask(admin, 'queues', {})).toMatchObject({ refused: { code: 'forbidden' } })
    expect(await ask(admin, 'setQueues', { changes: [{ queue: 'unserved', paused: true }] })).toMatchObject({ refused: { code: 'forbidden' } })
  })

  test('of none names the tenant whose refs it means', async () => {
    const [one, two] = [await ended('acme'), await ended('other')]
    const admin = await enter({ role: 'admin' })
    expect(await ok(admin, 'retry', { refs: [one] })).toEqual(['not_found'])
    expect(await ok(admin, 'retry', { refs: [one, two], tenant: 'acme' })).toEqual(['retried', 'not_found'])
    expect(await hub.retry(two)).toBe(false)
    expect(await hub.retry(two, { tenant: 'other' })).toBe(true)
  })

  test('of some queues sees and changes those', async () => {
    const all = await enter({ role: 'admin' })
    await ok(all, 'setQueues', { changes: ['mail', 'other'].map((queue) => ({ queue, limit: 5 })) })
    const some = await enter({ role: 'admin', queues: ['mail'] })
    expect(await ok(some, 'queues', {})).toEqual([{ queue: 'mail', paused: false, limit: 5 }])
    expect(
      await ask(some, 'setQueues', {
        changes: [
          { queue: 'mail', limit: 6 },
          { queue: 'other', limit: 6 },
        ],
      }),
    ).toEqual({
      refused: { code: 'forbidden', message: 'This token is not for the queue "other".' },
    })
    expect(await ok(all, 'queues', {})).toMatchObject([{ limit: 5 }, { limit: 5 }])
  })
})
