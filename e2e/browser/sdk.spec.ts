import { expect, type Page } from '@playwright/test'
import type { Step } from '#e2e/harness/jobs.js'
import type {} from './page/page.js'
import { meet, test } from './test.js'

test.describe('a page', () => {
  test('submits a job and awaits its result', async ({ caller: page }) => {
    const result = await page.evaluate(() => caller.await(caller.async(anchorleg.double.new({ int: 21 }))))
    expect(result).toEqual({ type: 'ok', value: 42 })
  })

  test('awaits many in their order, with a timeout for what takes longer', async ({ caller: page }) => {
    const results = await page.evaluate(async () => {
      const relays = await Promise.all([1, 2, 300_000_000].map((int) => caller.async(anchorleg.slow.new({ int }))))
      return caller.awaitMany(relays, 1_000)
    })
    expect(results).toMatchObject([
      { type: 'ok', value: 2 },
      { type: 'ok', value: 4 },
      { type: 'error', error: { code: 'timeout' } },
    ])
  })

  test('gets errors as data, and its own mistakes as InvalidJobError', async ({ caller: page }) => {
    const seen = await page.evaluate(async () => {
      const invalid = await caller.async(anchorleg.double.new({ int: 'x' as never })).catch((error: unknown) => error)
      return {
        thrown: await caller.await(caller.async(anchorleg.act.new({ do: 'throw' }))),
        isInvalidJob: invalid instanceof anchorleg.InvalidJobError,
        issues: (invalid as { issues?: unknown }).issues,
      }
    })
    expect(seen).toMatchObject({ thrown: { error: { code: 'exception', name: 'TypeError' } }, isInvalidJob: true, issues: [{ path: ['int'] }] })
  })

  test('sends and gets values of every kind', async ({ caller: page }) => {
    const seen = await page.evaluate(async () => {
      const value = { date: new Date(5), map: new Map([[1, new Set([2n])]]), bytes: new Uint8Array([1, 2]), minusZero: -0 }
      const got: typeof value = anchorleg.unwrap(await caller.await(caller.async(anchorleg.act.new({ do: 'value', value }))))
      return {
        date: got.date instanceof Date && got.date.getTime(),
        map: got.map instanceof Map && got.map.get(1)?.has(2n),
        bytes: got.bytes instanceof Uint8Array && [...got.bytes],
        minusZero: Object.is(got.minusZero, -0),
      }
    })
    expect(seen).toEqual({ date: 5, map: true, bytes: [1, 2], minusZero: true })
  })

  test('times out, and picks the result up later', async ({ caller: page, worker }) => {
    const first = await page.evaluate(async () => {
      const relay = await caller.async(anchorleg.hold.new({ key: 'late', value: 'here' }))
      sessionStorage.setItem('ref', relay.ref)
      return caller.await(relay, 200)
    })
    expect(first).toMatchObject({ type: 'error', error: { code: 'timeout' } })
    await worker.started('late')
    worker.release('late')
    const later = await page.evaluate(() => caller.await(caller.attach(sessionStorage.getItem('ref') ?? '', anchorleg.hold)))
    expect(later).toMatchObject({ type: 'ok', value: { value: 'here', attempt: 1 } })
  })
})

test.describe('a result outlives what awaits it', () => {
  test('a reloaded page attaches to the ref it saved before it submitted', async ({ caller: page, hub, worker }) => {
    await page.evaluate(() => {
      const job = anchorleg.hold.new({ key: 'reload', value: 'survived' })
      sessionStorage.setItem('ref', job.ref)
      return caller.async(job)
    })
    await worker.started('reload')
    await page.reload()
    expect(await page.evaluate(() => 'caller' in globalThis)).toBe(false)
    await meet(page, hub)
    const awaited = page.evaluate(() => caller.await(caller.attach(sessionStorage.getItem('ref') ?? '', anchorleg.hold), 30_000))
    worker.release('reload')
    expect(await awaited).toMatchObject({ type: 'ok', value: { value: 'survived', attempt: 1 } })
    expect(worker.starts('reload')).toBe(1)
  })

  test('a page that is reloaded after the job was done still gets it', async ({ caller: page, hub }) => {
    await page.evaluate(async () => {
      const relay = await caller.async(anchorleg.double.new({ int: 8 }))
      sessionStorage.setItem('relay', JSON.stringify(relay))
      await caller.await(relay)
    })
    await page.reload()
    await meet(page, hub)
    const result = await page.evaluate(() => caller.await(caller.attach(JSON.parse(sessionStorage.getItem('relay') ?? ''))))
    expect(result).toEqual({ type: 'ok', value: 16 })
  })

  test('a hub that is killed and started again while a page awaits', async ({ caller: page, hub, worker }) => {
    await page.evaluate(async () => {
      const relay = await caller.async(anchorleg.hold.new({ key: 'outage', value: 1 }))
      globalThis.pending = caller.await(relay, { timeout: Number.POSITIVE_INFINITY })
      // By then the hub knows of the first one.
      await caller.await(relay, 300)
    })
    await worker.started('outage')
    await hub.stop('SIGKILL')
    await expect.poll(() => page.evaluate(() => caller.status)).not.toBe('connected')
    await hub.start()
    worker.release('outage')
    expect(await page.evaluate(() => pending)).toEqual({ type: 'ok', value: { value: 1, attempt: 1, pid: worker.pid } })
    await expect.poll(() => page.evaluate(() => caller.status)).toBe('connected')
  })

  test('a job that is submitted while no hub is there is stored by the next', async ({ caller: page, hub }) => {
    await hub.stop('SIGKILL')
    const awaited = page.evaluate(() => caller.await(caller.async(anchorleg.double.new({ int: 3 })), 30_000))
    await hub.start()
    expect(await awaited).toEqual({ type: 'ok', value: 6 })
  })
})

test.describe('a page that watches', () => {
  /** Watches the saved job until it has seen so many chunks, or its end; gives what it has seen. */
  const see = (page: Page, chunks = Number.MAX_SAFE_INTEGER) =>
    page.evaluate(async (enough) => {
      const seen = []
      let count = 0
      for await (const event of caller.watch(caller.attach(sessionStorage.getItem('ref') ?? '', anchorleg.play))) {
        seen.push(event)
        if (event.type === 'chunk') count += 1
        if (count === enough) break
      }
      return seen
    }, chunks)
  const tokens = (from: number, count: number) => Array.from({ length: count }, (_, i) => `token ${from + i}`)
  const emits = (values: readonly string[]): Step[] => values.map((emit) => ({ emit }))
  const start = (page: Page, steps: Step[]) =>
    page.evaluate(async (run) => {
      const job = anchorleg.play.new({ runs: [run] })
      sessionStorage.setItem('ref', job.ref)
      await caller.async(job)
    }, steps)
  type Seen = Awaited<ReturnType<typeof see>>
  const chunksOf = (seen: Seen) => seen.flatMap((event) => (event.type === 'chunk' ? [`${event.attempt}.${event.index} ${event.value}`] : []))
  const whole = (values: readonly string[]) => values.map((value, index) => `1.${index} ${value}`)

  test('sees progress and chunks, and after a reload all of them again, then what follows, to the end', async ({ caller: page, hub, worker }) => {
    await start(page, [...emits(tokens(0, 40)), { progress: 40 }, { wait: 'reloaded' }, ...emits(tokens(40, 40)), { progress: 80 }])
    expect(chunksOf(await see(page, 40))).toEqual(whole(tokens(0, 40)))
    await page.reload()
    await meet(page, hub)
    const again = see(page)
    worker.release('reloaded')
    const seen = await again
    expect(chunksOf(seen)).toEqual(whole(tokens(0, 80)))
    expect(seen.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ value: 80, attempt: 1 })
    expect(seen.at(-1)).toEqual({ type: 'outcome', attempt: 1, final: true, result: { type: 'ok', value: 1 } })
  })

  test('loses and repeats nothing when the hub is killed and started again', async ({ caller: page, hub, worker }) => {
    await start(page, [...emits(tokens(0, 30)), { wait: 'outage' }, ...emits(tokens(30, 30))])
    const watched = see(page)
    expect(chunksOf(await see(page, 30))).toEqual(whole(tokens(0, 30)))
    await hub.stop('SIGKILL')
    worker.release('outage')
    await hub.start()
    const seen = await watched
    expect(chunksOf(seen)).toEqual(whole(tokens(0, 60)))
    expect(seen.filter(({ type }) => type === 'outcome')).toMatchObject([{ final: true, result: { type: 'ok' } }])
  })

  test('gets all of it when it comes after the end, in another tab', async ({ caller: page, hub, context, pages }) => {
    await start(page, [...emits(tokens(0, 50)), { progress: 7 }])
    await see(page)
    const ref = await page.evaluate(() => sessionStorage.getItem('ref') ?? '')
    const second = await context.newPage()
    await second.goto(pages.url())
    await meet(second, hub)
    await second.evaluate((saved) => sessionStorage.setItem('ref', saved), ref)
    const seen = await see(second)
    expect(chunksOf(seen)).toEqual(whole(tokens(0, 50)))
    expect(seen.filter(({ type }) => type === 'progress')).toEqual([{ type: 'progress', attempt: 1, value: 7 }])
  })
})

test.describe('a page that cancels', () => {
  test('stops a running job, and its other tab is told', async ({ caller: page, hub, worker, context, pages }) => {
    const second = await context.newPage()
    await second.goto(pages.url())
    await meet(second, hub)
    const ref = await page.evaluate(async () => (await caller.async(anchorleg.heed.new({ key: 'stop', end: 'throw' }))).ref)
    const awaited = second.evaluate((saved) => caller.await(caller.attach(saved), 30_000), ref)
    await worker.started('stop')
    const cancelled = await page.evaluate((saved) => caller.cancel(caller.attach(saved), { reason: 'by the user' }), ref)
    expect(cancelled).toEqual({ cancelled: true, state: 'cancelled' })
    expect(await awaited).toEqual({ type: 'cancel', reason: 'by the user' })
    expect(await worker.aborted('stop')).toMatchObject({ reason: 'by the user' })
  })

  test('inspects what became of a job that failed and then succeeded', async ({ caller: page }) => {
    const seen = await page.evaluate(async () => {
      const relay = await caller.async(anchorleg.flaky.new({ failures: 2 }))
      const result = await caller.await(relay, { withRetries: true, timeout: 20_000 })
      const { state, attempt, errors } = await caller.inspect(relay)
      return { result, state, attempt, codes: errors.map(({ code }) => code) }
    })
    expect(seen).toEqual({ result: { type: 'ok', value: 3 }, state: 'completed', attempt: 3, codes: ['failed', 'failed'] })
  })
})

test.describe('two tabs', () => {
  test('await one ref, and both get its result', async ({ caller: page, hub, worker, context, pages }) => {
    const ref = await page.evaluate(async () => (await caller.async(anchorleg.hold.new({ key: 'tabs', value: 'both' }))).ref)
    const second = await context.newPage()
    await second.goto(pages.url())
    await meet(second, hub)
    const awaited = [page, second].map((tab) => tab.evaluate((saved) => caller.await(caller.attach(saved), 30_000), ref))
    await worker.started('tabs')
    worker.release('tabs')
    const results = await Promise.all(awaited)
    expect(results[0]).toMatchObject({ type: 'ok', value: { value: 'both', attempt: 1 } })
    expect(results[1]).toEqual(results[0])
  })

  test('go their own ways: closing one leaves the other waiting', async ({ caller: page, hub, worker, context, pages }) => {
    const second = await context.newPage()
    await second.goto(pages.url())
    await meet(second, hub)
    const ref = await second.evaluate(async () => (await caller.async(anchorleg.hold.new({ key: 'closed', value: 2 }))).ref)
    await worker.started('closed')
    const awaited = page.evaluate((saved) => caller.await(caller.attach(saved), 30_000), ref)
    await second.close()
    worker.release('closed')
    expect(await awaited).toMatchObject({ type: 'ok', value: { value: 2, attempt: 1 } })
  })
})

test.describe('a plain page', () => {
  test('needs no crypto.randomUUID', async ({ page, pages, hub, worker }) => {
    await page.addInitScript(() => {
      delete (Crypto.prototype as { randomUUID?: unknown }).randomUUID
    })
    await page.goto(pages.url())
    expect(await page.evaluate(() => typeof crypto.randomUUID)).toBe('undefined')
    await meet(page, hub)
    const result = await page.evaluate(() => caller.await(caller.async(anchorleg.act.new({ do: 'who' }))))
    expect(result).toEqual({ type: 'ok', value: worker.pid })
  })
})
