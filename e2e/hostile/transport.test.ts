import { describe } from 'vitest'
import type { Scene } from '#e2e/hostile/scene.js'
import { requestText, Stranger, socketPath, type Upgrade, upgradeHeaders } from '#e2e/hostile/stranger.js'
import { type Line, play } from './play.js'

/** What the hub answers to these bytes. */
const writes = (text: string | Uint8Array | ((port: number) => string | Uint8Array)) => async (scene: Scene) => {
  const peer = await Stranger.call(scene)
  peer.write(typeof text === 'function' ? text(scene.port) : text)
  const status = await peer.status()
  peer.hangUp()
  return status
}

/** What the hub answers to a request with these headers, and a Host as it should be where they name none. */
const requests = (line: string, headers: Readonly<Record<string, string>> = {}) =>
  writes((port) => requestText(`${line} HTTP/1.1`, { Host: `127.0.0.1:${port}`, ...headers }))

/** What the hub answers to who asks for a WebSocket so. */
const upgrades = (upgrade: Upgrade | ((port: number) => Upgrade)) => async (scene: Scene) => {
  const peer = await Stranger.call(scene)
  const status = await peer.upgrade(typeof upgrade === 'function' ? upgrade(scene.port) : upgrade)
  peer.hangUp()
  return status
}

/** Whether Engine.IO opens for who asks for a WebSocket so. */
const opens = (upgrade: Upgrade) => async (scene: Scene) => {
  const peer = await Stranger.call(scene)
  await peer.upgrade(upgrade)
  const answer = await peer.hears((text) => text.startsWith('0{'))
  peer.hangUp()
  return answer
}

const path = (query: string): Upgrade => ({ path: `/socket.io/?${query}` })
const header = (name: string, value: string): Upgrade => ({ headers: { [name]: value } })

describe('HTTP', () => {
  play([
    ['bytes that are no HTTP', 'HTTP 400', writes(Buffer.from([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]))],
    ['the greeting of TLS', 'HTTP 400', writes(Buffer.from('16030100c8010000c40303', 'hex'))],
    ['the preface of HTTP/2', 'HTTP 400', writes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['a request without a Host', 'HTTP 400', writes('GET / HTTP/1.1\r\n\r\n')],
    ['64 KiB of one header', 'HTTP 431', requests('GET /', { 'X-Long': 'x'.repeat(65_536) })],
    ['10,000 headers', 'HTTP 431', writes((port) => `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${'a: b\r\n'.repeat(10_000)}\r\n`)],
    ['a path of 64 KiB', 'HTTP 431', requests(`GET /${'x'.repeat(65_536)}`)],
    ['two lengths of one body', 'HTTP 400', requests('POST /', { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' })],
    ['a method that is none', 'HTTP 400', requests('SMUGGLE /')],
    ['POST to the metrics', 'HTTP 405', requests('POST /metrics', { 'Content-Length': '0' })],
    ['a path out of the house', 'HTTP 404', requests('GET /../../../../etc/passwd')],
    ['the same path, hidden', 'HTTP 404', requests('GET /%2e%2e/%2e%2e/etc/passwd%00.html')],
    ['the metrics under a name that was bound to this machine', 'HTTP 403', requests('GET /metrics', { Host: 'rebound.example' })],
    ['a Host with an account before it', 'HTTP 403', requests('GET /', { Host: '127.0.0.1@rebound.example' })],
  ] satisfies Line[])
})

const impatient = { flags: ['--handshake-timeout', '2000'] }

describe('the WebSocket handshake', () => {
  const polling = '/socket.io/?EIO=4&transport=polling'
  play(
    [
      ['polling in its place', 'HTTP 400', requests(`GET ${polling}`)],
      ['polling with a body', 'HTTP 400', requests(`POST ${polling}`, { 'Content-Length': '2' })],
      ['polling for a session that is not there', 'HTTP 400', requests(`GET ${polling}&sid=AAAAAAAAAAAAAAAAAAAA`)],
      ['a session that is not there', 'HTTP 400', upgrades(path('EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA'))],
      ['a session named __proto__', 'HTTP 400', upgrades(path('EIO=4&transport=websocket&sid=__proto__'))],
      ['Engine.IO 3', 'cut', opens(path('EIO=3&transport=websocket'))],
      ['no version of Engine.IO', 'cut', opens(path('transport=websocket'))],
      ['a version of Engine.IO that is text', 'cut', opens(path('EIO=four&transport=websocket'))],
      ['another transport', 'HTTP 400', upgrades(path('EIO=4&transport=webtransport'))],
      ['a transport named constructor', 'HTTP 400', upgrades(path('EIO=4&transport=constructor'))],
      ['a WebSocket by POST', 'HTTP 400', writes((port) => requestText(`POST ${socketPath} HTTP/1.1`, upgradeHeaders(port)))],
      ['another path', 'cut', upgrades({ path: '/other/?EIO=4&transport=websocket' })],
      ['WebSocket version 99', 'HTTP 400', upgrades(header('Sec-WebSocket-Version', '99'))],
      ['a WebSocket key of three bytes', 'HTTP 400', upgrades(header('Sec-WebSocket-Key', 'AAAA'))],
      ['the Origin of another site', 'HTTP 400', upgrades(header('Origin', 'https://evil.example'))],
      ['the Origin null', 'HTTP 400', upgrades(header('Origin', 'null'))],
      ['an Origin that only begins like loopback', 'HTTP 400', upgrades(header('Origin', 'http://127.0.0.1.evil.example'))],
      ['an Origin with loopback as its account', 'HTTP 400', upgrades(header('Origin', 'http://127.0.0.1@evil.example'))],
      ['an Origin that is no URL', 'HTTP 400', upgrades(header('Origin', '%%%'))],
      ['a Host that was bound to this machine', 'HTTP 400', upgrades(header('Host', 'rebound.example'))],
      ['a Host that names loopback in its path', 'HTTP 400', upgrades(header('Host', 'evil.example/127.0.0.1'))],
      ['a forged address in X-Forwarded-For', 'HTTP 101', upgrades(header('X-Forwarded-For', '203.0.113.9'))],
      [
        'compressed frames, which are not on offer',
        'no extension',
        async (scene) => {
          const peer = await Stranger.upgraded(scene, header('Sec-WebSocket-Extensions', 'permessage-deflate'))
          peer.hangUp()
          return /extensions/i.test(peer.head) ? peer.head : 'no extension'
        },
      ],
      [
        'a handshake that is never finished',
        'cut',
        async (scene) => {
          const peer = await Stranger.call(scene)
          peer.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ')
          const drip = setInterval(() => peer.write('x'), 100)
          const answer = await peer.isCut(20_000)
          clearInterval(drip)
          return answer
        },
      ],
      [
        'a WebSocket on which nothing is said',
        'cut',
        async (scene) => {
          const peer = await Stranger.upgraded(scene)
          return peer.isCut(20_000)
        },
      ],
    ] satisfies Line[],
    impatient,
  )
})
