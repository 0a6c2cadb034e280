import { type Assignment, mintRef } from '@anchorleg/shared'
import { describe } from 'vitest'
import type { Scene } from '#e2e/hostile/scene.js'
import { Stranger, someRef } from '#e2e/hostile/stranger.js'
import { guarded, minted } from '#e2e/hostile/tokens.js'
import { type Line, play } from './play.js'

/** What one tenant has, and another would like to. */
interface Stage {
  /** A job that waits, of the tenant `alice`, and one that a worker runs, with the lease that it has. */
  readonly waiting: string
  readonly running: Assignment
  readonly tokens: Readonly<Record<'alice' | 'mallory' | 'narrow' | 'oneRef' | 'hers' | 'worker' | 'narrowWorker' | 'operator' | 'hersOnly', string>>
}

const client = { role: 'client' } as const
const worker = { role: 'worker' } as const
const job = (fields: object = {}) => ({ ref: mintRef(), name: 'secret', queue: 'vault', codec: 'd6', args: '[1]', ...fields })

async function stage(scene: Scene): Promise<Stage> {
  const [waiting, running] = [mintRef(), mintRef()]
  const tokens = {
    alice: await minted({ ...client, tenant: 'alice' }),
    mallory: await minted({ ...client, tenant: 'mallory' }),
    narrow: await minted({ ...client, tenant: 'mallory', queues: ['mail', 'vault*'], jobs: ['send'] }),
    oneRef: await minted({ ...client, tenant: 'alice', ref: waiting }),
    hers: await minted({ ...client, tenant: 'mallory', ref: waiting }),
    worker: await minted({ ...worker, tenant: 'mallory' }),
    narrowWorker: await minted({ ...worker, queues: ['mail'], jobs: ['send'] }),
    operator: await minted({ role: 'admin' }),
    hersOnly: await minted({ role: 'admin', tenant: 'mallory' }),
  }
  const alice = await Stranger.welcomed(scene, '/client', { token: tokens.alice })
  await alice.ask('submit', {
    jobs: [job({ ref: waiting, scheduleIn: 3_600, unique: { key: 'k', states: ['scheduled'] } }), job({ ref: running, name: 'held' })],
  })
  alice.hangUp()
  const holder = await Stranger.welcomed(scene, '/worker', { token: await minted({ ...worker, tenant: 'alice' }) })
  await holder.ask('register', { names: ['held'], queues: { vault: 1 }, held: [] }, '/worker')
  const [, id, given] = /^42\/worker,(\d+)(.*)$/.exec(await holder.hears((text) => text.includes('["perform"'))) ?? []
  holder.text(`43/worker,${id}[]`)
  return { waiting, running: JSON.parse(given ?? '')[1][0], tokens }
}

type Said = { type?: string; held?: boolean[]; refused?: { code: string } } | string | boolean
type Who = keyof Stage['tokens']

/** What somebody is told of the first entry of a message that the stage makes. */
const asks =
  (who: Who, event: string, message: (stage: Stage) => unknown, namespace = '/client') =>
  async (scene: Scene, set: Stage) => {
    const peer = await Stranger.welcomed(scene, namespace, { token: set.tokens[who] })
    if (namespace === '/worker' && event !== 'register') await peer.ask('register', { names: [], queues: {}, held: [] }, namespace)
    const answer = await peer.ask<Said[]>(event, message(set), namespace)
    peer.hangUp()
    if (typeof answer === 'string') return answer
    if ('refused' in answer) return answer.refused.code
    const first = Array.isArray(answer.ok) ? answer.ok[0] : answer.ok
    return typeof first === 'object' ? (first.refused?.code ?? first.type ?? String(first.held ?? 'stored')) : String(first)
  }

/** Whether a ref of another tenant is answered to the letter as one that nobody ever had. */
const sameAsUnknown =
  (event: string, message: (ref: string) => unknown) =>
  async (scene: Scene, { waiting, tokens }: Stage) => {
    const peer = await Stranger.welcomed(scene, '/client', { token: tokens.mallory })
    const [hers, nobodys] = [await peer.ask(event, message(waiting)), await peer.ask(event, message(someRef))].map((answer) => JSON.stringify(answer))
    peer.hangUp()
    return hers?.replaceAll(waiting, someRef) === nobodys ? 'as an unknown one' : `${hers} and ${nobodys}`
  }

const wants = (ref: string) => ({ refs: [{ ref, want: 'any' }] })
const lease = ({ jobId, lease: token }: Assignment) => ({ jobId, lease: token })
const outcome = { type: 'ok', codec: 'd6', value: '["mine"]' }

describe('what is another’s', () => {
  const unknown = 'as an unknown one'
  play<Stage>(
    [
      ['to attach to a ref of another tenant', unknown, sameAsUnknown('attach', wants)],
      ['to look at it', unknown, sameAsUnknown('look', wants)],
      ['to leave it', unknown, sameAsUnknown('detach', wants)],
      ['to inspect it', unknown, sameAsUnknown('inspect', (ref) => ({ refs: [ref] }))],
      ['to watch it', unknown, sameAsUnknown('watch', (ref) => ({ watches: [{ ref }] }))],
      ['to leave its watch', unknown, sameAsUnknown('unwatch', (ref) => ({ refs: [ref] }))],
      ['to cancel it', unknown, sameAsUnknown('cancel', (ref) => ({ cancels: [{ ref, codec: 'd6', reason: '[1]' }] }))],
      [
        'to submit under its ref',
        'stored',
        asks('mallory', 'submit', ({ waiting }) => ({ jobs: [job({ ref: waiting, args: '[2]', scheduleIn: 3_600 })] })),
      ],
      [
        'to submit under its unique key',
        'stored',
        asks('mallory', 'submit', () => ({ jobs: [job({ scheduleIn: 3_600, unique: { key: 'k', states: ['scheduled'] } })] })),
      ],
      ['to submit as its tenant', 'invalid_job', asks('mallory', 'submit', () => ({ jobs: [job({ tenant: 'alice' })] }))],
      ['to look at it with a token of one’s own for that ref', 'pending', asks('hers', 'look', ({ waiting }) => wants(waiting))],
      ['what the owner then sees of it', 'pending', asks('alice', 'attach', ({ waiting }) => wants(waiting))],
      [
        'to submit to a queue that is not in the token',
        'forbidden',
        asks('narrow', 'submit', () => ({ jobs: [job({ queue: 'default', name: 'send' })] })),
      ],
      ['to submit a job that is not in the token', 'forbidden', asks('narrow', 'submit', () => ({ jobs: [job({ queue: 'mail' })] }))],
      [
        'to submit to a queue that the token’s only begins like',
        'forbidden',
        asks('narrow', 'submit', () => ({ jobs: [job({ queue: 'mail2', name: 'send' })] })),
      ],
      ['to submit to the queue *', 'forbidden', asks('narrow', 'submit', () => ({ jobs: [job({ queue: '*', name: 'send' })] }))],
      [
        'to submit to a queue that the token’s ends in * for',
        'stored',
        asks('narrow', 'submit', () => ({ jobs: [job({ queue: 'vault 7', name: 'send' })] })),
      ],
      ['to await the one ref of a token', 'pending', asks('oneRef', 'attach', ({ waiting }) => wants(waiting))],
      ['to await another with it', 'not_found', asks('oneRef', 'attach', () => wants(someRef))],
      ['to inspect another with it', 'not_found', asks('oneRef', 'inspect', () => ({ refs: [someRef] }))],
      ['to cancel with it', 'forbidden', asks('oneRef', 'cancel', ({ waiting }) => ({ cancels: [{ ref: waiting, codec: 'd6', reason: '[1]' }] }))],
      ['to submit with it', 'forbidden', asks('oneRef', 'submit', () => ({ jobs: [job()] }))],
      [
        'to claim a queue that is not in the token',
        'forbidden',
        asks('narrowWorker', 'register', () => ({ names: ['send'], queues: { vault: 1 }, held: [] }), '/worker'),
      ],
      [
        'to claim a job that is not in the token',
        'forbidden',
        asks('narrowWorker', 'register', () => ({ names: ['secret'], queues: { mail: 1 }, held: [] }), '/worker'),
      ],
      [
        'to settle a job that another worker has, with a guessed lease',
        'stale',
        asks('worker', 'settle', ({ running }) => ({ settlements: [{ jobId: running.jobId, lease: '0'.repeat(32), outcome }] }), '/worker'),
      ],
      [
        'to hold a job of another tenant, with its very lease',
        'false',
        asks('worker', 'register', ({ running }) => ({ names: [], queues: {}, held: [lease(running)] }), '/worker'),
      ],
      [
        'to pause queues, which are of all tenants, as one’s operator',
        'forbidden',
        asks('hersOnly', 'setQueues', () => ({ changes: [{ queue: 'vault', paused: true }] }), '/admin'),
      ],
      [
        'to reopen a job of another tenant as its operator',
        'forbidden',
        asks('hersOnly', 'retry', ({ waiting }) => ({ refs: [waiting], tenant: 'alice' }), '/admin'),
      ],
      [
        'to be given the jobs of another tenant',
        'only one’s own',
        async (scene, { tokens }) => {
          const [name, mine] = [`shared ${mintRef()}`, mintRef()]
          const alice = await Stranger.welcomed(scene, '/client', { token: tokens.alice })
          await alice.ask('submit', { jobs: [job({ name, args: '["hers"]', priority: 0 })] })
          const mallory = await Stranger.welcomed(scene, '/client', { token: tokens.mallory })
          await mallory.ask('submit', { jobs: [job({ ref: mine, name, args: '["mine"]', priority: 9 })] })
          const taker = await Stranger.welcomed(scene, '/worker', { token: tokens.worker })
          await taker.ask('register', { names: [name], queues: { vault: 5 }, held: [] }, '/worker')
          const given = await taker.hears((text) => text.includes('["perform"'))
          await taker.ask('renew', { leases: [{ jobId: '1', lease: '0'.repeat(32) }] }, '/worker')
          const all = taker.texts.filter((text) => text.includes('["perform"')).join()
          for (const peer of [alice, mallory, taker]) peer.hangUp()
          if (all.includes(mine)) return 'a ref'
          return given.includes('mine') && !all.includes('hers') ? 'only one’s own' : all
        },
      ],
    ] satisfies Line<Stage>[],
    { ...guarded, stage },
  )
})
