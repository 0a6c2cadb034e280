import type { Answer, Assignment, Lease, Outcome, RefOutcome, Settlement, Standing } from '@anchorleg/shared'
import { WebSocket } from 'ws'
import { markOf, printOf } from './print.js'
import type { Recorder } from './recorder.js'

/**
 * Writes down what this process and its hubs say to each other that the SDK does not show: claims and what becomes of their
 * settlements at a worker, the outcomes told to a caller. It listens to every WebSocket that is opened here from now on.
 */
export function recordWire(recorder: Recorder): void {
  const { send, emit } = WebSocket.prototype
  const lines = new WeakMap<WebSocket, WireListener>()
  const lineOf = (socket: WebSocket) => {
    const line = lines.get(socket) ?? new WireListener(recorder)
    lines.set(socket, line)
    return line
  }
  WebSocket.prototype.send = function (this: WebSocket, ...args: Parameters<typeof send>) {
    lineOf(this).sent(String(args[0]))
    return send.apply(this, args)
  } as typeof send
  WebSocket.prototype.emit = function (this: WebSocket, event: string, ...args: unknown[]) {
    if (event === 'message') lineOf(this).heard(String(args[0]))
    return emit.call(this, event, ...args)
  } as typeof emit
}

/** A packet of Socket.IO: 2 is an event, 3 an answer. */
const packet = /^4([23])\/(client|worker),(\d*)(.*)$/s

/** One connection, to `/client` or `/worker`. */
class WireListener {
  readonly #settling = new Map<string, readonly Settlement[]>()

  constructor(private readonly recorder: Recorder) {}

  sent(text: string): void {
    const [, type, , id = '', json] = packet.exec(text) ?? []
    if (type !== '2' || !json?.startsWith('["settle"')) return
    const { settlements } = (JSON.parse(json) as [string, { settlements: Settlement[] }])[1]
    this.#settling.set(id, settlements)
    for (const { jobId, lease, outcome } of settlements) this.recorder.write({ type: 'settle', jobId, lease, print: printOf(outcome) })
  }

  heard(text: string): void {
    const [, type, role, id = '', json = '[]'] = packet.exec(text) ?? []
    if (type === '2') this.#told(JSON.parse(json) as [string, never])
    else if (type === '3' && role === 'worker') this.#settled(id, (JSON.parse(json) as [Answer<('settled' | 'stale')[]>])[0])
    else if (type === '3') this.#answered((JSON.parse(json) as [Answer<Standing[]>])[0])
  }

  #told([event, list]: [string, readonly unknown[]]): void {
    if (event === 'outcomes') for (const { ref, outcome } of list as RefOutcome[]) this.#tell(ref, outcome)
    if (event === 'perform')
      for (const { jobId, lease, attempt } of list as Assignment[]) this.recorder.write({ type: 'claim', jobId, lease, attempt })
    if (event === 'lost') for (const { jobId, lease } of list as Lease[]) this.recorder.write({ type: 'lost', jobId, lease })
  }

  #settled(id: string, answer: Answer<('settled' | 'stale')[]>): void {
    const settlements = this.#settling.get(id)
    if (!settlements || !('ok' in answer)) return
    settlements.forEach(({ jobId, lease }, i) => {
      const verdict = answer.ok[i]
      if (verdict) this.recorder.write({ type: 'verdict', jobId, lease, verdict })
    })
    this.#settling.delete(id)
  }

  #answered(answer: Answer<readonly Partial<Standing>[]>): void {
    if (!('ok' in answer) || !Array.isArray(answer.ok)) return
    for (const standing of answer.ok as Standing[]) if (standing.type === 'outcome') this.#tell(standing.ref, standing.outcome)
  }

  #tell(ref: string, outcome: Outcome): void {
    this.recorder.write({ type: 'told', ref, outcome: markOf(outcome) })
  }
}
