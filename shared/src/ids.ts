import { type Clock, systemClock } from './clock.js'

/** Random bytes are drawn from the platform in blocks of this size, because each draw costs a call. */
const pool = new Uint8Array(4096)
let drawn = pool.length

function random(bytes: number): Uint8Array {
  if (drawn + bytes > pool.length) {
    crypto.getRandomValues(pool)
    drawn = 0
  }
  const slice = pool.slice(drawn, drawn + bytes)
  pool.fill(0, drawn, drawn + bytes)
  drawn += bytes
  return slice
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A fresh ref: a UUIDv7 (RFC 9562) whose 74 free bits are all random, so that holding it is the capability to await
 * the job. Its time only keeps the store's unique index append-only; nobody trusts it.
 */
export function mintRef(clock: Clock = systemClock): string {
  const ms = clock.now()
  const b = random(10)
  const h = (i: number) => hex[b[i] as number] as string
  const time = Math.floor(ms).toString(16).padStart(12, '0')
  const version = ((b[0] as number) & 0x0f) | 0x70
  const variant = ((b[2] as number) & 0x3f) | 0x80
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex[version]}${h(1)}-${hex[variant]}${h(3)}-${h(4)}${h(5)}${h(6)}${h(7)}${h(8)}${h(9)}`
}

/** A fresh lease token: 128 random bits as 32 hexadecimal digits. */
export function mintLease(): string {
  return hexOf(random(16))
}

/** Bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hex[byte]
  return text
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a value has the form of a ref: a UUID of any version, in lower case. */
export function isRef(value: unknown): value is string {
  return typeof value === 'string' && uuid.test(value)
}
