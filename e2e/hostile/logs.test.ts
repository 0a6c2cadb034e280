import { connect, defineJob, type } from '@anchorleg/client'
import { cancel, createWorker, discard, error } from '@anchorleg/client/worker'
import { type Assignment, mintRef, namespaces } from '@anchorleg/shared'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Scene } from '#e2e/hostile/scene.js'
import { goodAuth, Stranger, socketPath } from '#e2e/hostile/stranger.js'
import { forged, guarded, minted, secret } from '#e2e/hostile/tokens.js'

/** What a value, a reason, a message … holds here that nobody but its caller and its worker may know. */
const mark = (what: string) => `private-${what}-of-a-user`
const marked = /private-[\w-]+-of-a-user/

const deed = defineJob({
  name: 'deed',
  args: type<{ do: string; note: string }>(),
  progress: type<string>(),
  chunk: type<string>(),
  backoff: () => 0,
  maxAttempts: 1,
})

let scene: Scene
const secrets: Record<string, string> = { secret }
const keep = (what: string, text: string) => (secrets[what] = text)

beforeAll(async () => {
  scene = await Scene.open(guarded)
})
afterAll(() => scene?.[Symbol.asyncDispose]())

/** A worker that does all there is to do, with private words in each. */
const doing = deed.perform(async ({ do: what }, { progress, emit, signal }) => {
  progress(mark('progress'))
  await emit(mark('chunk'))
  switch (what) {
    case 'throw':
      throw new RangeError(mark('exception'), { cause: mark('cause') })
    case 'error':
      return error(mark('failure'))
    case 'cancel':
      return cancel(mark('cancellation'))
    case 'discard':
      return discard(mark('discarding'))
    case 'wait':
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return cancel(mark('abortion'))
    default:
      return mark('result')
  }
})

async function liveThrough(): Promise<void> {
  const tokens = { client: await minted({ role: 'client', tenant: 'private' }), worker: await minted({ role: 'worker', tenant: 'private' }) }
  keep('the token of a client', tokens.client)
  keep('the token of a worker', tokens.worker)
  await using _worker = createWorker(scene.url, { token: tokens.worker, jobs: [doing] })
  await using client = connect(scene.url, { token: tokens.client })
  for (const what of ['return', 'throw', 'error', 'cancel', 'discard']) {
    const job = deed.new({ do: what, note: mark('argument') }, { meta: { note: mark('meta') }, tags: [mark('tag')] })
    keep(`the ref of a job that is to ${what}`, job.ref)
    const relay = await client.async(job)
    for await (const _ of client.watch(relay)) void _
    await client.await(relay)
    await client.inspect(relay)
  }
  const waits = await client.async(deed.new({ do: 'wait', note: mark('argument') }))
  keep('the ref of a job that is cancelled', waits.ref)
  for await (const { type: what } of client.watch(waits)) if (what === 'chunk') await client.cancel(waits, { reason: mark('reason') })
}

async function misbehave(): Promise<void> {
  const token = keep('a token that is misused', await minted({ role: 'client', tenant: 'private' }))
  const expired = keep('a token that has expired', forged({ claims: { exp: 1 } }))
  const foreign = keep('a token of another hub', forged({ key: 'another secret' }))
  for (const wrong of [expired, foreign]) {
    const peer = await Stranger.upgraded(scene)
    await peer.enter('/client', { ...goodAuth, token: wrong })
    await peer.enter(`/${wrong}`, goodAuth)
    peer.hangUp()
  }
  const inAddress = await Stranger.upgraded(scene, { path: `${socketPath}&token=${token}`, headers: { Origin: scene.url } })
  await inAddress.enter()
  inAddress.hangUp()
  await (await fetch(`${scene.url}/${token}?token=${token}`)).text()

  const ref = keep('a ref that is misused', mintRef())
  const peer = await Stranger.welcomed(scene, '/client', { token, sdk: ref })
  const job = { ref, name: 'nobody', codec: 'd6', args: mark('argument') }
  const messages: [string, unknown][] = [
    [token, {}],
    [ref, {}],
    ['look', { refs: [{ ref, want: 'any', [token]: 1 }] }],
    ['look', { refs: [{ ref: `${ref}-`, want: mark('argument') }] }],
    ['look', { [ref]: token }],
    ['submit', { jobs: [{ ...job, [mark('argument')]: token }] }],
    ['submit', { jobs: [{ ...job, priority: mark('argument'), meta: mark('meta') }] }],
    ['submit', { jobs: [{ ...job, args: `${mark('argument')}${'x'.repeat(2 ** 20)}` }] }],
    ['submit', { jobs: [job, { ...job, args: `${mark('argument')} again` }] }],
    ['cancel', { cancels: [{ ref, codec: mark('reason'), reason: mark('reason') }] }],
    ['settle', { settlements: [ref] }],
  ]
  for (const [event, message] of messages) await peer.ask(event, message)
  peer.text(`42/client,["${token}",{"${ref}":"${mark('argument')}"}]`)
  await peer.isCut()
}

async function holdLeases(): Promise<void> {
  const token = await minted({ role: 'client', tenant: 'private' })
  const client = await Stranger.welcomed(scene, '/client', { token })
  await client.ask('submit', { jobs: [{ ref: keep('the ref of a job that is held', mintRef()), name: 'held', codec: 'd6', args: mark('argument') }] })
  const worker = await Stranger.welcomed(scene, namespaces.worker, { token: await minted({ role: 'worker', tenant: 'private' }) })
  await worker.ask('register', { names: ['held'], queues: { default: 1 }, held: [] }, namespaces.worker)
  const [, id, given] = /^42\/worker,(\d+)(.*)$/.exec(await worker.hears((text) => text.includes('["perform"'))) ?? []
  worker.text(`43/worker,${id}[]`)
  const { jobId, lease }: Assignment = JSON.parse(given ?? '')[1][0]
  keep('a lease', lease)
  const outcome = { type: 'error', code: 'exception', message: mark('message'), name: mark('name'), codec: 'd6', trace: mark('trace') }
  for (const event of ['renew', 'settle', 'settle'] as const) {
    const message = event === 'renew' ? { leases: [{ jobId, lease }] } : { settlements: [{ jobId, lease, outcome }] }
    await worker.ask(event, message, namespaces.worker)
  }
  await worker.ask('settle', { settlements: [{ jobId, lease: keep('a guessed lease', 'f'.repeat(32)), outcome }] }, namespaces.worker)
  for (const peer of [client, worker]) peer.hangUp()
}

test('a hub that logs all it can says nothing of tokens, refs, leases and values', async () => {
  await liveThrough()
  await misbehave()
  await holdLeases()
  await scene.serve()
  const log = scene.log
  for (const msg of ['job.inserted', 'job.outcome', 'settle.stale', 'peer.refused', 'message.refused', 'peer.disconnected'])
    expect(log).toContain(`"${msg}"`)
  const lines = log.split('\n')
  const found = Object.entries(secrets).flatMap(([what, text]) => lines.filter((line) => line.includes(text)).map((line) => `${what}: ${line}`))
  expect(found).toEqual([])
  expect(lines.filter((line) => marked.test(line))).toEqual([])
}, 60_000)
