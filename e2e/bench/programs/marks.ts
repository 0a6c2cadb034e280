import { WebSocket } from 'ws'

/** Something that happened in one process or thread, in µs by the machine's own clock, which all of its processes share. */
export interface Mark {
  readonly at: number
  readonly what: string
}

/** Enough for the longest trace; beyond it nothing is kept. */
const most = 1_000_000

const marks: Mark[] = []

/** Notes that this happens now. */
export function mark(what: string): void {
  if (marks.length < most) marks.push({ at: Number(process.hrtime.bigint()) / 1_000, what })
}

/** What was noted since the last time. */
export function takeMarks(): Mark[] {
  return marks.splice(0)
}

/** Marks every Socket.IO packet of this process, as it is read and as it is written: `in` or `out`, and its event. */
export function markPackets(): void {
  const { prototype } = WebSocket
  const { emit, send } = prototype
  prototype.emit = function (this: WebSocket, event: string | symbol, ...rest: unknown[]) {
    if (event === 'message') mark(`in ${eventOf(String(rest[0]))}`)
    return emit.call(this, event, ...rest)
  }
  prototype.send = function (this: WebSocket, data: unknown, ...rest: unknown[]) {
    mark(`out ${eventOf(String(data))}`)
    return Reflect.apply(send, this, [data, ...rest])
  } as typeof send
}

/** `42/client,7["submit",…]` is an event, `43/client,7[…]` its answer; the rest is the line's own business. */
function eventOf(packet: string): string {
  if (packet.startsWith('43')) return 'answer'
  return /^42[^,[]*,?\d*\["(\w+)"/.exec(packet.slice(0, 80))?.[1] ?? 'other'
}
