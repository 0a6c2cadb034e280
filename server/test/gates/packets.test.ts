import { Server } from 'socket.io'
import { describe, expect, test } from 'vitest'
import { Decoder, Encoder } from '#server/gates/packets.js'

/** What Socket.IO itself reads and writes with. */
const { Decoder: TheirDecoder, Encoder: TheirEncoder } = new Server()._parser

function read(decoder: { on(event: 'decoded', listener: (packet: unknown) => void): unknown; add(text: never): void }, text: unknown): unknown {
  let read: unknown
  decoder.on('decoded', (packet) => {
    read = packet
  })
  decoder.add(text as never)
  return read
}

const ours = (text: unknown) => read(new Decoder(), text)

test.each([
  '0',
  '0{"token":"x"}',
  '0/client,{"protocol":{"min":1,"max":1}}',
  '0/client',
  '1/client,',
  '2/client,0["submit",{"jobs":[1,"a,b"]}]',
  '2/client,["submit"]',
  '2["x"]',
  '27["x",{}]',
  '3/worker,12[]',
  '3/worker,12[{"ok":[]}]',
])('reads %s as Socket.IO does', (text) => {
  const { type, nsp, id, data } = read(new TheirDecoder(), text) as Record<string, unknown>
  expect(ours(text)).toEqual({ type, nsp, ...(id !== undefined && { id }), data })
})

test.each([
  { type: 0, nsp: '/client', data: { sid: 'x' } },
  { type: 1, nsp: '/client' },
  { type: 2, nsp: '/client', data: ['outcomes', [{ ref: 'r', outcome: { value: '"quoted"' } }]] },
  { type: 2, nsp: '/worker', id: 0, data: ['perform', []] },
  { type: 3, nsp: '/client', id: 5, data: [{ ok: [] }] },
  { type: 4, nsp: '/', data: { message: 'no' } },
])('writes %j as Socket.IO does', (packet) => {
  expect(new Encoder().encode(packet)).toEqual(new TheirEncoder().encode(packet))
})

describe('does not read', () => {
  test.each<[string, string | Buffer]>([
    ['bytes', Buffer.from('2/client,0["submit",{}]')],
    ['a packet with attachments', '51-/client,0["submit",{"_placeholder":true,"num":0}]'],
    ['an acknowledgement with attachments', '61-/client,0[{"_placeholder":true,"num":0}]'],
    ['a refusal, which only a hub says', '4/client,{"message":"no"}'],
    ['nothing', ''],
    ['another digit', '9/client,["x"]'],
    ['no JSON', '2/client,0["submit",'],
    ['an event that is no list', '2/client,0{"submit":1}'],
    ['an event without content', '2/client,0'],
    ['an event without a name', '2/client,0[]'],
    ['an event whose name is a number', '2/client,0[1,{}]'],
    ['a namespace with a query', '0/client?token=x,{}'],
    ['a very long namespace', `0/${'x'.repeat(100)},{}`],
    ['an acknowledgement number that no number holds', '2/client,99999999999999999999["x"]'],
    ['a disconnect with content', '1/client,{}'],
    ['auth that is a list', '0/client,[]'],
    ['a list that breaks a call', `2/client,0["submit"${',0'.repeat(500_000)}]`],
    ['an acknowledgement that breaks a call', `3/client,0[0${',0'.repeat(500_000)}]`],
    ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'error', 'newListener', 'removeListener'].map((name): [string, string] => [
      `an event named ${name}`,
      `2/client,0["${name}",{}]`,
    ]),
  ])('%s', (_, packet) => {
    expect(() => ours(packet)).toThrow()
  })
})
