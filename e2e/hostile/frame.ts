import { randomBytes } from 'node:crypto'

/** One WebSocket frame, right or wrong. */
export interface Frame {
  /** 0 continues, 1 is text, 2 is binary, 8 closes, 9 is a ping, 10 a pong; the rest is reserved. */
  readonly opcode: number
  readonly payload?: Uint8Array
  /** Whether the message ends with it. */
  readonly fin?: boolean
  readonly masked?: boolean
  /** The three reserved bits. */
  readonly rsv?: number
  /** The length it claims to have, where that is not the payload's. */
  readonly claims?: bigint
}

/** A frame as it goes over the wire, from a peer to a hub. */
export function encodeFrame({ opcode, payload = new Uint8Array(), fin = true, masked = true, rsv = 0, claims }: Frame): Buffer {
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode])
  const length = lengthOf(claims ?? BigInt(payload.length), masked)
  if (!masked) return Buffer.concat([head, length, payload])
  const key = randomBytes(4)
  const hidden = Buffer.from(payload)
  for (let i = 0; i < hidden.length; i++) hidden[i] = (hidden[i] as number) ^ (key[i % 4] as number)
  return Buffer.concat([head, length, key, hidden])
}

function lengthOf(length: bigint, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0
  if (length < 126n) return Buffer.from([mask | Number(length)])
  const long = length > 0xffffn
  const bytes = Buffer.alloc(long ? 9 : 3)
  bytes[0] = mask | (long ? 127 : 126)
  if (long) bytes.writeBigUInt64BE(length, 1)
  else bytes.writeUInt16BE(Number(length), 1)
  return bytes
}

/** Takes the frames of a hub, which are whole and not masked, out of what comes over the wire. */
export class FrameReader {
  #rest = Buffer.alloc(0)

  read(bytes: Buffer): { opcode: number; payload: Buffer }[] {
    this.#rest = Buffer.concat([this.#rest, bytes])
    const frames: { opcode: number; payload: Buffer }[] = []
    for (let frame = this.#take(); frame; frame = this.#take()) frames.push(frame)
    return frames
  }

  #take(): { opcode: number; payload: Buffer } | undefined {
    const rest = this.#rest
    if (rest.length < 2) return undefined
    const short = (rest[1] as number) & 0x7f
    const start = short === 127 ? 10 : short === 126 ? 4 : 2
    if (rest.length < start) return undefined
    const length = short === 127 ? Number(rest.readBigUInt64BE(2)) : short === 126 ? rest.readUInt16BE(2) : short
    if (rest.length < start + length) return undefined
    this.#rest = rest.subarray(start + length)
    return { opcode: (rest[0] as number) & 0x0f, payload: rest.subarray(start, start + length) }
  }
}
