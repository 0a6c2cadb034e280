import { EventEmitter } from 'node:events'

/** Socket.IO's packets as this protocol has them, by the digit that begins each. */
const types = { connect: 0, disconnect: 1, event: 2, ack: 3, refusal: 4 } as const

interface Packet {
  readonly type: number
  readonly nsp: string
  readonly id?: number | undefined
  readonly data?: unknown
}

/** A type, the namespace, the number of an acknowledgement, and the content as JSON. */
const form = /^([0-3])(?:(\/[\w-]{0,64})(?:,|$))?(\d{0,15})(.*)$/s

/** Names that Socket.IO and Node use for events of their own: whoever listens for them must not hear a peer. */
const reserved = new Set(['connect', 'connect_error', 'disconnect', 'disconnecting', 'error', 'newListener', 'removeListener'])

/** More than any message has. The parts of a packet become arguments of calls, and of those a stack takes only so many. */
const mostParts = 8

/**
 * Reads packets of text: the part of Socket.IO's encoding that this protocol uses. It throws for anything else, and whoever
 * sent that is cut: binary packets, which would gather here until they are complete, events of Node's own, and lists that
 * break a call.
 */
export class Decoder extends EventEmitter {
  add(text: unknown): void {
    this.emit('decoded', decode(text))
  }

  destroy(): void {}
}

/** Writes packets. A hub says nothing but plain JSON, so there is nothing to look for in it. */
export class Encoder {
  encode({
    type,
    nsp,
    id = '',
    data,
  }: {
    readonly type: number
    readonly nsp: string
    readonly id?: number | ''
    readonly data?: unknown
  }): [string] {
    return [`${type}${nsp === '/' ? '' : `${nsp},`}${id}${data === undefined ? '' : JSON.stringify(data)}`]
  }
}

function decode(text: unknown): Packet {
  if (typeof text !== 'string') throw new TypeError('a binary packet')
  const [packet, digit, nsp = '/', id, json] = form.exec(text) ?? []
  if (packet === undefined) throw new TypeError('a packet of no known form')
  const type = Number(digit)
  const data: unknown = json ? JSON.parse(json) : undefined
  if (!isContentOf(type, data)) throw new TypeError('a packet whose content is not as its type has it')
  return { type, nsp, data, ...(id && { id: Number(id) }) }
}

function isContentOf(type: number, data: unknown): boolean {
  switch (type) {
    case types.connect:
      return data === undefined || (typeof data === 'object' && data !== null && !Array.isArray(data))
    case types.disconnect:
      return data === undefined
    case types.event:
      return isList(data) && typeof data[0] === 'string' && !reserved.has(data[0])
    default:
      return isList(data)
  }
}

function isList(data: unknown): data is readonly unknown[] {
  return Array.isArray(data) && data.length <= mostParts
}
