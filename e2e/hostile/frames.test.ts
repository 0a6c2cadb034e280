import { describe } from 'vitest'
import type { Frame } from '#e2e/hostile/frame.js'
import type { Scene } from '#e2e/hostile/scene.js'
import { goodAuth, Stranger } from '#e2e/hostile/stranger.js'
import { type Line, play } from './play.js'

/** Sends frames on a connection that was welcomed, and says whether it was cut or is still served. */
const sends =
  (...frames: readonly Frame[]) =>
  async (scene: Scene) => {
    const peer = await Stranger.welcomed(scene)
    for (const frame of frames) peer.frame(frame)
    const answer = await peer.stands()
    peer.hangUp()
    return answer
  }

const look = '42/client,900["look",{"refs":[{"ref":"00000000-0000-7000-8000-000000000000","want":"any"}]}]'
const bytes = (text: string) => Buffer.from(text)
const more = (count: number, frame: Frame): Frame[] => Array.from({ length: count }, () => frame)

describe('WebSocket frames', () => {
  play([
    ['a frame that is not masked', 'cut', sends({ opcode: 1, payload: bytes(look), masked: false })],
    ['reserved bits', 'cut', sends({ opcode: 1, payload: bytes(look), rsv: 4 })],
    ['a reserved kind of frame', 'cut', sends({ opcode: 3, payload: bytes(look) })],
    ['text that is not UTF-8', 'cut', sends({ opcode: 1, payload: Buffer.from([0x34, 0x32, 0xc0, 0xaf, 0xff]) })],
    ['half a surrogate pair in UTF-8', 'cut', sends({ opcode: 1, payload: Buffer.from([0x34, 0xed, 0xa0, 0x80]) })],
    ['a continuation of nothing', 'cut', sends({ opcode: 0, payload: bytes(look) })],
    ['a text within a text', 'cut', sends({ opcode: 1, payload: bytes(look), fin: false }, { opcode: 1, payload: bytes(look) })],
    ['a ping in pieces', 'cut', sends({ opcode: 9, payload: bytes('x'), fin: false })],
    ['a ping of 126 bytes', 'cut', sends({ opcode: 9, payload: Buffer.alloc(126) })],
    ['a close of one byte', 'cut', sends({ opcode: 8, payload: Buffer.from([3]) })],
    ['a close with a forbidden code', 'cut', sends({ opcode: 8, payload: Buffer.from([0x03, 0xed]) })],
    ['a frame that claims 2⁶³ bytes', 'cut', sends({ opcode: 1, payload: bytes('4'), claims: 2n ** 63n })],
    ['a frame that claims 2⁵³ bytes', 'cut', sends({ opcode: 1, payload: bytes('4'), claims: 2n ** 53n })],
    ['a frame that claims one gigabyte', 'cut', sends({ opcode: 1, payload: bytes('4'), claims: 2n ** 30n })],
    ['a frame over the limit', 'cut', sends({ opcode: 1, payload: Buffer.alloc(3 * 2 ** 20, 0x34) })],
    [
      'pieces that are over the limit together',
      'cut',
      sends({ opcode: 1, payload: bytes('4'), fin: false }, ...more(40, { opcode: 0, payload: Buffer.alloc(2 ** 17, 0x34), fin: false })),
    ],
    ['20,000 empty pieces', 'cut', sends({ opcode: 1, payload: bytes('4'), fin: false }, ...more(20_000, { opcode: 0, fin: false }))],
    ['bytes that nobody asked for', 'cut', sends({ opcode: 2, payload: bytes('hello') })],
    ['10,000 pings at once', 'cut', sends(...more(10_000, { opcode: 9 }))],
    ['10,000 pongs that nobody asked for', 'served', sends(...more(10_000, { opcode: 10 }))],
    ['10,000 empty texts', 'cut', sends(...more(10_000, { opcode: 1 }))],
    [
      'a message in pieces of one byte, with pings between them',
      'served',
      async (scene) => {
        const peer = await Stranger.welcomed(scene)
        const letters = [...look].map((letter, at) => ({ opcode: at === 0 ? 1 : 0, payload: bytes(letter), fin: at === look.length - 1 }))
        for (const [at, letter] of letters.entries()) for (const frame of at % 10 === 0 ? [{ opcode: 9 }, letter] : [letter]) peer.frame(frame)
        const answer = await peer.hears((text) => text.startsWith('43/client,900['))
        peer.hangUp()
        return answer.includes('not_found') ? 'served' : answer
      },
    ],
    [
      'a connection that is gone without a word',
      'forgotten',
      async (scene) => {
        const callers = () => scene.metric('anchorleg_connections{role="client"}')
        const before = await callers()
        const peers = await Promise.all(Array.from({ length: 10 }, () => Stranger.welcomed(scene)))
        for (const peer of peers) peer.socket.resetAndDestroy()
        for (let tries = 0; tries < 100; tries++) if ((await callers()) === before) return 'forgotten'
        return `${(await callers()) - before} are still counted`
      },
    ],
    [
      '50 messages in one segment',
      'served',
      async (scene) => {
        const peer = await Stranger.upgraded(scene)
        peer.socket.cork()
        peer.text(`40/client,${JSON.stringify(goodAuth)}`)
        const welcomed = peer.hears((text) => text.startsWith('42/client,["welcome"'))
        peer.socket.uncork()
        await welcomed
        peer.socket.cork()
        for (let id = 1; id <= 50; id++) peer.text(look.replace('900', `${id}`))
        peer.socket.uncork()
        const answer = await peer.hears((text) => text.startsWith('43/client,50['))
        peer.hangUp()
        return answer.includes('not_found') ? 'served' : answer
      },
    ],
  ] satisfies Line[])
})
