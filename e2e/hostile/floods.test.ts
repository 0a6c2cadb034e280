import { mintRef } from '@anchorleg/shared'
import { describe } from 'vitest'
import type { Scene } from '#e2e/hostile/scene.js'
import { goodAuth, Stranger, someRef } from '#e2e/hostile/stranger.js'
import { guarded, minted } from '#e2e/hostile/tokens.js'
import { type Line, play } from './play.js'

/** Tight bounds, so that a flood need not be long. Those who stand by are of another tenant. */
const flags = [
  ...['--connections-per-address', '60', '--connections-per-tenant', '20', '--awaits-per-connection', '1000'],
  ...['--submits-per-tenant', '200', '--submits-per-connection', '100', '--messages-per-connection', '500'],
  ...['--buffer-limit', '1000000', '--handshake-timeout', '1000', '--args-limit', '100000', '--result-limit', '100000'],
]
const token = await minted({ role: 'client', tenant: 'floods' })
const workerToken = await minted({ role: 'worker', tenant: 'floods' })
const auth = { ...goodAuth, token }

const hangUp = (peers: readonly Stranger[]) => {
  for (const peer of peers) peer.hangUp()
}

const job = (fields: object = {}) => ({ ref: mintRef(), name: 'nobody', queue: 'flood', codec: 'd6', args: '[1]', ...fields })
const jobs = (count: number, fields: object = {}) => ({ jobs: Array.from({ length: count }, () => job(fields)) })
const codeOf = (answer: unknown) => (typeof answer === 'string' ? answer : ((answer as { refused?: { code: string } }).refused?.code ?? 'stored'))
const some = (answers: readonly string[], wanted: string) => (answers.includes(wanted) ? wanted : [...new Set(answers)].join(', '))

/** Writes so much that the hub has to say so much, and reads nothing of it. */
const readsNothing = (event: string, message: () => object) => async (scene: Scene) => {
  const peer = await Stranger.welcomed(scene, '/client', { token })
  peer.socket.pause()
  for (let id = 0; id < 3_000; id++) peer.text(`42/client,${id + 100}${JSON.stringify([event, message()])}`)
  const line = await scene.program.line(({ msg, peer: id, text }) => msg === 'peer.cut' && typeof id === 'string' && !seen.has(text), 20_000)
  seen.add(line.text)
  peer.hangUp()
  return 'cut'
}
const seen = new Set<string>()

describe('floods', () => {
  play(
    [
      [
        '100 connections at once from one address',
        'HTTP 400',
        async (scene) => {
          const peers = await Promise.all(Array.from({ length: 100 }, () => Stranger.call(scene)))
          const answers = await Promise.all(peers.map((peer) => peer.upgrade()))
          hangUp(peers)
          return some(answers, 'HTTP 400')
        },
      ],
      [
        '30 connections at once of one tenant',
        'rate_limited',
        async (scene) => {
          const peers = await Promise.all(Array.from({ length: 30 }, () => Stranger.upgraded(scene)))
          const answers = await Promise.all(peers.map((peer) => peer.enter('/client', auth)))
          hangUp(peers)
          return some(answers, 'rate_limited')
        },
      ],
      [
        '300 connections one after the other, each gone at once',
        'welcome',
        async (scene) => {
          for (let count = 0; count < 300; count++) {
            const peer = await Stranger.call(scene)
            peer.socket.resetAndDestroy()
          }
          const peer = await Stranger.upgraded(scene)
          const answer = await peer.enter('/client', auth)
          peer.hangUp()
          return answer
        },
      ],
      [
        '50 connections that never say anything',
        'cut',
        async (scene) => {
          const peers = await Promise.all(Array.from({ length: 50 }, () => Stranger.call(scene)))
          for (const peer of peers) peer.write('GET / HTTP/1.1\r\n')
          const answers = await Promise.all(peers.map((peer) => peer.isCut(20_000)))
          return answers.every((answer) => answer === 'cut') ? 'cut' : 'silence'
        },
      ],
      [
        '1,000 jobs in a second from one connection',
        'rate_limited',
        async (scene) => {
          const peer = await Stranger.welcomed(scene, '/client', { token })
          const answers = await Promise.all(Array.from({ length: 50 }, () => peer.ask('submit', jobs(20))))
          hangUp([peer])
          return some(answers.map(codeOf), 'rate_limited')
        },
      ],
      [
        '2,000 refs awaited by one connection',
        'rate_limited',
        async (scene) => {
          const peer = await Stranger.welcomed(scene, '/client', { token })
          const answer = await peer.ask('attach', { refs: Array.from({ length: 2_000 }, () => ({ ref: mintRef(), want: 'any' })) })
          hangUp([peer])
          return codeOf(answer)
        },
      ],
      [
        '20,000 messages at once',
        'slowed',
        async (scene) => {
          const peer = await Stranger.welcomed(scene, '/client', { token })
          const look = JSON.stringify(['look', { refs: [{ ref: someRef, want: 'any' }] }])
          for (let id = 0; id < 20_000; id++) peer.text(`42/client,${id + 100}${look}`)
          await peer.hears((text) => text.startsWith('43/client,2000['))
          const served = await scene.serve()
          const answered = peer.texts.filter((text) => text.startsWith('43/client,')).length
          hangUp([peer])
          return served === 'served' && answered < 10_000 ? 'slowed' : `${answered} answers, and the other ${served}`
        },
      ],
      [
        '2,000 messages that are none',
        'cut',
        async (scene) => {
          const peer = await Stranger.welcomed(scene, '/client', { token })
          for (let id = 0; id < 2_000; id++) peer.text(`42/client,${id + 100}["nothing",{}]`)
          const answer = await peer.isCut(20_000)
          hangUp([peer])
          return answer
        },
      ],
      [
        '30 pieces of 200 kB of messages that never end',
        'cut',
        async (scene) => {
          const peer = await Stranger.welcomed(scene, '/client', { token })
          peer.frame({ opcode: 1, payload: Buffer.from('42'), fin: false })
          for (let count = 0; count < 30; count++) peer.frame({ opcode: 0, payload: Buffer.alloc(200_000, 0x20), fin: false })
          return peer.isCut()
        },
      ],
      [
        'answers that are asked for and not read',
        'cut',
        readsNothing('look', () => ({ refs: Array.from({ length: 200 }, () => ({ ref: someRef, want: 'any' })) })),
      ],
      [
        'jobs for 1e5 slots that are not acknowledged',
        'served',
        async (scene) => {
          const taker = await Stranger.welcomed(scene, '/worker', { token: workerToken })
          await taker.ask('register', { names: ['unheard'], queues: { flood: 100_000 }, held: [] }, '/worker')
          taker.socket.pause()
          const peer = await Stranger.welcomed(scene, '/client', {
            token: await minted({ role: 'client', tenant: 'floods', limits: { submitsPerSecond: 1_000 } }),
          })
          for (let count = 0; count < 20; count++) await peer.ask('submit', jobs(5, { name: 'unheard', args: `["${'x'.repeat(20_000)}"]` }))
          const answer = await peer.stands()
          hangUp([peer, taker])
          return answer
        },
      ],
    ] satisfies Line[],
    { ...guarded, flags: [...guarded.flags, ...flags] },
  )
})
