import { mintRef } from '@anchorleg/shared'
import { expect, test } from 'vitest'
import { hubFor, WirePeer } from './wirePeer.js'

const job = (fields: object = {}) => ({ ref: mintRef(), name: 'double', codec: 'd6', args: '[1]', ...fields })
const limits = { argsLimit: 4_096, resultLimit: 4_096, bufferLimit: 65_536 }
const looks = { refs: [{ ref: mintRef(), want: 'any' }] }

interface Given {
  readonly jobId: string
  readonly lease: string
}

/** Outcomes that fit one frame. */
const perFrame = 20

/** A worker with so many slots that gives what it is asked for, until it is told otherwise. */
async function workerAt(hub: { readonly url: string }, slots: number, value = '[1]'): Promise<WirePeer> {
  const worker = await WirePeer.join(hub, '/worker')
  let asked = 1_000
  worker.line.on('message', (data) => {
    const [, id, json] = /^42\/worker,(\d+)(\["perform".*)$/s.exec(String(data)) ?? []
    if (!json) return
    worker.say(`43/worker,${id}[]`)
    const settlements = (JSON.parse(json)[1] as Given[]).map(({ jobId, lease }) => ({ jobId, lease, outcome: { type: 'ok', codec: 'd6', value } }))
    for (let i = 0; i < settlements.length; i += perFrame) {
      worker.say(`42/worker,${asked++}${JSON.stringify(['settle', { settlements: settlements.slice(i, i + perFrame) }])}`)
    }
  })
  await worker.ask('register', { names: ['double'], queues: { default: slots }, held: [] }, '/worker')
  return worker
}

/** Says that it lives, and reads nothing. */
function goDeaf(peer: WirePeer): () => void {
  peer.line.pause()
  const pongs = setInterval(() => peer.line.send('3'), 100)
  return () => clearInterval(pongs)
}

/** Resolves when the hub has cut a connection. A peer that reads nothing does not notice. */
async function cutAt({ url }: { readonly url: string }): Promise<void> {
  const metrics = async () => (await fetch(`${url}/metrics`)).text()
  await expect.poll(metrics, { timeout: 20_000 }).toContain('anchorleg_cut_connections_total 1')
}

test('a worker that pongs and never reads is cut, and its jobs go to another', { timeout: 60_000 }, async () => {
  const hub = await hubFor({ ...limits, grace: 0 })
  const [client, deaf] = [await WirePeer.join(hub), await WirePeer.join(hub, '/worker')]
  await deaf.ask('register', { names: ['double'], queues: { default: 10_000 }, held: [] }, '/worker')
  const hear = goDeaf(deaf)
  const args = 'x'.repeat(4_000)
  const all = Array.from({ length: 3_000 }, () => job({ args }))
  for (let i = 0; i < all.length; i += 30) await client.ask('submit', { jobs: all.slice(i, i + 30) })
  await cutAt(hub)
  deaf.line.resume()
  await deaf.closed
  hear()
  await workerAt(hub, 10_000)
  const completed = async (from: number) => {
    const { ok = [] } = await client.ask('inspect', { refs: all.slice(from, from + 100).map(({ ref }) => ref) })
    return ok.every(({ state }) => state === 'completed')
  }
  for (let from = 0; from < all.length; from += 100) await expect.poll(() => completed(from), { timeout: 30_000 }).toBe(true)
})

test('who is sent outcomes and never reads them is cut, and nobody else', { timeout: 60_000 }, async () => {
  const hub = await hubFor(limits)
  const [deaf, client] = [await WirePeer.join(hub), await WirePeer.join(hub)]
  const value = 'x'.repeat(4_000)
  const all = Array.from({ length: 3_000 }, () => job({ want: 'any' }))
  for (let i = 0; i < all.length; i += 1_000) await deaf.ask('submit', { jobs: all.slice(i, i + 1_000) })
  const hear = goDeaf(deaf)
  await workerAt(hub, 500, value)
  const last = job({ want: 'any' })
  await client.ask('submit', { jobs: [last] })
  await client.hears('42/client,["outcomes"')
  await cutAt(hub)
  deaf.line.resume()
  await deaf.closed
  hear()
  expect(await client.ask('look', looks)).toHaveProperty('ok')
})

test('who attaches to more than may wait for it gets all of it, as fast as it reads', { timeout: 60_000 }, async () => {
  const hub = await hubFor(limits)
  const client = await WirePeer.join(hub)
  await workerAt(hub, 500, 'x'.repeat(4_000))
  const all = Array.from({ length: 1_000 }, () => job())
  await client.ask('submit', { jobs: all })
  const refs = all.map(({ ref }) => ({ ref, want: 'any' }))
  const ended = async () => (await client.ask('inspect', { refs: all.map(({ ref }) => ref) })).ok?.filter(({ state }) => state === 'completed').length
  await expect.poll(ended, { timeout: 20_000 }).toBe(all.length)
  const slow = await WirePeer.join(hub)
  const got = new Set<string>()
  const complete = new Promise<void>((resolve) => {
    const take = (found: readonly { readonly ref: string; readonly outcome?: object }[]) => {
      for (const { ref, outcome } of found) if (outcome) got.add(ref)
      if (got.size === all.length) resolve()
    }
    slow.line.on('message', (data) => {
      const [, json] = /^4(?:2\/client,|3\/client,\d+)(\[.*\])$/s.exec(String(data)) ?? []
      const content = json ? JSON.parse(json) : []
      take(content[0] === 'outcomes' ? content[1] : (content[0]?.ok ?? []))
    })
  })
  slow.line.pause()
  slow.say(`42/client,1${JSON.stringify(['attach', { refs }])}`)
  // Others are served while nothing of it is read.
  for (let i = 0; i < 50; i++) expect(await client.ask('look', looks)).toHaveProperty('ok')
  slow.line.resume()
  await complete
  expect(await slow.ask('look', looks)).toHaveProperty('ok')
})
