import { describe } from 'vitest'
import type { Scene } from '#e2e/hostile/scene.js'
import { goodAuth, Stranger, someRef } from '#e2e/hostile/stranger.js'
import { type Line, play } from './play.js'

/** Says these texts on a connection that was welcomed to `/client`, and gives `cut` or, when it still is, `served`. */
const says =
  (...texts: readonly string[]) =>
  async (scene: Scene) => {
    const peer = await Stranger.welcomed(scene)
    for (const text of texts) peer.text(text)
    const answer = await peer.stands()
    peer.hangUp()
    return answer
  }

/** The same on a connection that has joined nothing yet; `let in` when it then may. */
const saysFirst =
  (...texts: readonly string[]) =>
  async (scene: Scene) => {
    const peer = await Stranger.upgraded(scene)
    for (const text of texts) peer.text(text)
    const answer = await peer.enter()
    peer.hangUp()
    return answer === 'welcome' ? 'let in' : answer
  }

/** Sends one event with an acknowledgement, as this text; gives the code of the refusal that answers it. */
const asks = (packet: string) => async (scene: Scene) => {
  const peer = await Stranger.welcomed(scene)
  const answer = await peer.askText(packet)
  peer.hangUp()
  return typeof answer === 'string' ? answer : 'refused' in answer ? answer.refused.code : 'ok'
}

/** Asks for a namespace by this text; gives the code or the message of the refusal, or `welcome`. */
const joins =
  (namespace: string, auth: unknown = goodAuth) =>
  async (scene: Scene) => {
    const peer = await Stranger.upgraded(scene)
    const answer = await peer.enter(namespace, auth)
    peer.hangUp()
    return answer
  }

const look = `["look",{"refs":[{"ref":"${someRef}","want":"any"}]}]`
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const many = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index))

describe('Engine.IO packets', () => {
  play([
    ['a packet of no type', 'cut', says('9hello')],
    ['a letter for a type', 'cut', says('x')],
    ['a heartbeat in the wrong direction', 'cut', says('2')],
    ['an answer to no heartbeat', 'served', says('3')],
    ['an open of its own', 'served', says('0{"sid":"mine"}')],
    ['an upgrade to what it has already', 'served', says('5', '6')],
    ['a probe', 'cut', says('2probe')],
    ['bytes in base64', 'cut', says('bAAAA')],
  ] satisfies Line[])
})

describe('Socket.IO packets', () => {
  play([
    ['a packet of no type', 'cut', says('49/client,["look"]')],
    ['a packet without anything in it', 'cut', says('4')],
    ['JSON that breaks off', 'cut', says(`42/client,1${look.slice(0, -2)}`)],
    ['an event that is no list', 'cut', says('42/client,1{"look":1}')],
    ['an event that is null', 'cut', says('42/client,1null')],
    ['an event without a name', 'cut', says('42/client,1[]')],
    ['an event named by a list', 'cut', says('42/client,1[["look"],{}]')],
    ['an event named by a number', 'cut', says('42/client,1[7,{}]')],
    ['an event named disconnect', 'cut', says('42/client,1["disconnect"]')],
    ['an event named connect_error', 'cut', says('42/client,1["connect_error",{}]')],
    ['an event named __proto__', 'invalid_message', asks('["__proto__",{}]')],
    ['an event named constructor', 'invalid_message', asks('["constructor",{}]')],
    ['an event named hasOwnProperty', 'invalid_message', asks('["hasOwnProperty",{}]')],
    ['an event with a name of a megabyte', 'invalid_message', asks(`["${'x'.repeat(2 ** 20)}",{}]`)],
    ['an event with 10,000 arguments', 'cut', asks(`["look"${',{}'.repeat(10_000)}]`)],
    ['a message that has __proto__', 'invalid_message', asks('["look",{"__proto__":{"refs":[]},"refs":[]}]')],
    ['a message 100,000 levels deep', 'invalid_message', asks(`["look",${deep(100_000)}]`)],
    ['a list 100,000 levels deep in a message', 'invalid_message', asks(`["look",{"refs":${deep(100_000)}}]`)],
    ['objects 50,000 levels deep', 'invalid_message', asks(`["look",${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}]`)],
    ['a message without an acknowledgement', 'cut', says(`42/client,${look}`)],
    ['an acknowledgement with a number beyond all', 'cut', says(`42/client,99999999999999999999999${look}`)],
    ['an acknowledgement with a negative number', 'cut', says(`42/client,-1${look}`)],
    ['acknowledgements of what nobody sent', 'served', says(...many(100, (id) => `43/client,${id}[{}]`))],
    ['an acknowledgement that is no list', 'cut', says('43/client,1{}')],
    ['bytes announced that never come', 'cut', says('451-/client,1["look",{"_placeholder":true,"num":0}]')],
    ['a billion attachments announced', 'cut', says('451000000000-/client,1["look",{}]')],
    ['a negative number of attachments', 'cut', says('45-1-/client,1["look",{}]')],
    ['an acknowledgement with bytes that never come', 'cut', says('461-/client,1[{"_placeholder":true,"num":0}]')],
    ['a refusal, which is the hub’s to say', 'cut', says('44/client,{"message":"go away"}')],
    ['a goodbye to a namespace that it is not in', 'cut', says('41/admin,')],
    ['an event for a namespace that it is not in', 'cut', says('42/admin,1["queues",{}]')],
    ['an event before it has joined', 'cut', saysFirst(`42/client,1${look}`)],
    [
      'bytes in the place of a message',
      'cut',
      async (scene) => {
        const peer = await Stranger.welcomed(scene)
        peer.text('451-/client,77["look",{"_placeholder":true,"num":0}]')
        peer.frame({ opcode: 2, payload: Buffer.alloc(1_000) })
        return peer.isCut()
      },
    ],
    [
      'bytes that stand for others',
      'cut',
      async (scene) => {
        const peer = await Stranger.welcomed(scene)
        peer.text('451-/client,77["look",{"_placeholder":true,"num":99}]')
        peer.frame({ opcode: 2, payload: Buffer.alloc(1_000) })
        return peer.isCut()
      },
    ],
  ] satisfies Line[])
})

describe('Socket.IO namespaces', () => {
  play([
    ['the one that Socket.IO opens by itself', 'forbidden', joins('/')],
    ['one that there is not', 'Invalid namespace', joins('/secret')],
    ['/__proto__', 'Invalid namespace', joins('/__proto__')],
    ['/constructor', 'Invalid namespace', joins('/constructor')],
    ['one with a query string', 'cut', joins('/client?token=secret')],
    ['one in capitals', 'Invalid namespace', joins('/CLIENT')],
    ['one with a name of a megabyte', 'cut', joins(`/${'x'.repeat(2 ** 20)}`)],
    ['the same one twice on a connection', 'cut', says(`40/client,${JSON.stringify(goodAuth)}`)],
    ['1,000 that there are not', 'served', says(...many(1_000, (index) => `40/n${index},`))],
    [
      'the same one 1,000 times, left each time',
      'cut',
      says(...many(1_000, () => `41/client,40/client,${JSON.stringify(goodAuth)}`).flatMap((both) => both.split(/(?<=,)(?=40)/))),
    ],
  ] satisfies Line[])
})

describe('what a peer says of itself', () => {
  const but = (fields: object) => joins('/client', { ...goodAuth, ...fields })
  play([
    ['nothing', 'forbidden', joins('/client', {})],
    ['null', 'cut', joins('/client', null)],
    ['a list', 'cut', joins('/client', [goodAuth])],
    ['a text', 'cut', joins('/client', 'let me in')],
    ['another protocol version', 'forbidden', but({ protocol: { min: 2, max: 9 } })],
    ['versions in the wrong order', 'forbidden', but({ protocol: { min: 9, max: 1 } })],
    ['versions that are no whole numbers', 'forbidden', but({ protocol: { min: 0.5, max: 1e300 } })],
    ['a version more than there is', 'forbidden', but({ protocol: { min: 1, max: 1, of: 1 } })],
    ['a name of the SDK of 100 kB', 'forbidden', but({ sdk: 'x'.repeat(100_000) })],
    ['a token that is an object', 'forbidden', but({ token: { toString: 'x' } })],
    ['a token of a megabyte', 'forbidden', but({ token: 'x'.repeat(2 ** 20) })],
    [
      'itself 100,000 levels deep',
      'forbidden',
      async (scene) => {
        const peer = await Stranger.upgraded(scene)
        peer.text(`40/client,{"protocol":${deep(100_000)}}`)
        const answer = await peer.hears((text) => text.startsWith('44/client,'))
        peer.hangUp()
        return /"code":"(\w+)"/.exec(answer)?.[1] ?? answer
      },
    ],
    [
      'that it is a worker, from a page',
      'forbidden',
      async (scene) => {
        const peer = await Stranger.upgraded(scene, { headers: { Origin: 'http://localhost:3000' } })
        return peer.enter('/worker')
      },
    ],
    [
      'that it is an operator, from a page of another port',
      'forbidden',
      async (scene) => {
        const peer = await Stranger.upgraded(scene, { headers: { Origin: `http://localhost:${scene.port + 1}` } })
        return peer.enter('/admin')
      },
    ],
  ] satisfies Line[])
})
