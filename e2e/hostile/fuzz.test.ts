import { mintLease, mintRef } from '@anchorleg/shared'
import fc from 'fast-check'
import { encodeFrame, type Frame } from '#e2e/hostile/frame.js'
import type { Scene } from '#e2e/hostile/scene.js'
import { goodAuth, Stranger } from '#e2e/hostile/stranger.js'
import { type Line, play } from './play.js'

const frames = Number(process.env.ANCHORLEG_FUZZ_FRAMES ?? 3_000)
const seed = Number(process.env.ANCHORLEG_FUZZ_SEED ?? Date.now() % 2 ** 31)

/** Strangers that write at once. */
const lanes = 4

/** What every event of each namespace takes, as it should be. Queues and names are others than those of who stands by. */
function valid(): Record<string, Record<string, object>> {
  const [ref, claim] = [mintRef(), { jobId: '7', lease: mintLease() }]
  const value = { codec: 'd6', value: '[1]' }
  const job = {
    ref,
    name: 'fuzz',
    queue: 'fuzz',
    priority: 1,
    maxAttempts: 2,
    timeout: 5,
    scheduleIn: 1,
    tags: ['a'],
    meta: { a: 1 },
    codec: 'd6',
    args: '[1]',
  }
  const unique = { key: 'k', period: 1, states: ['available'] }
  const error = { type: 'error', code: 'failed', message: 'no', ...value, backoff: 1 }
  return {
    '/client': {
      submit: {
        jobs: [
          { ...job, unique, want: 'any', cancelOnDisconnect: true },
          { ...job, scheduledAt: 1 },
        ],
        atomic: true,
      },
      attach: { refs: [{ ref, want: 'any' }] },
      look: { refs: [{ ref, want: 'final' }] },
      detach: { refs: [{ ref, want: 'any' }] },
      cancel: { cancels: [{ ref, codec: 'd6', reason: '[1]' }] },
      inspect: { refs: [ref] },
      watch: { watches: [{ ref, from: { run: 1, index: 0, number: 0 } }] },
      unwatch: { refs: [ref] },
    },
    '/worker': {
      register: { names: ['fuzz'], queues: { fuzz: 1 }, held: [claim] },
      settle: {
        settlements: [
          { ...claim, outcome: error, chunks: 1 },
          { ...claim, outcome: { type: 'snooze', seconds: 1 } },
        ],
      },
      renew: { leases: [claim] },
      progress: { reports: [{ ...claim, ...value }] },
      emit: { chunks: [{ ...claim, index: 0, ...value }] },
      drain: { release: [claim] },
    },
    '/admin': {
      queues: {},
      setQueues: { changes: [{ queue: 'fuzz', paused: false, limit: 5 }] },
      retry: { refs: [ref] },
    },
  }
}

const oddities = fc.constantFrom<unknown>(-1, 0.5, 1e300, -1e300, 2 ** 53, '', '\0', '\ud800', '__proto__', "'; --", '\u202e', null, [], {}, [[[[]]]])
const odd = fc.oneof(oddities, fc.string({ unit: 'binary' }), fc.double({ noNaN: true }), fc.jsonValue({ stringUnit: 'binary' }))

/** One thing that a stranger writes: an event of a namespace, a text that is almost one, or bytes that are almost a frame. */
type Written = { readonly namespace: string } & ({ readonly text: string } | { readonly frame: Frame } | { readonly bytes: Buffer })

interface Edit {
  readonly at: number
  readonly kind: 'put' | 'cut' | 'repeat'
  readonly bytes: Uint8Array
}

const edits = fc.array(
  fc.record<Edit>({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom('put', 'cut', 'repeat'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
  }),
  { minLength: 1, maxLength: 4 },
)

function edited(whole: Buffer, changes: readonly Edit[]): Buffer {
  return changes.reduce((bytes, { at, kind, bytes: put }) => {
    const place = Math.floor(at * bytes.length)
    const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)]
    if (kind === 'put') return Buffer.concat([before, put, after.subarray(put.length)])
    return kind === 'cut' ? Buffer.concat([before, after.subarray(put.length)]) : Buffer.concat([before, after.subarray(0, 64), after])
  }, whole)
}

/** Puts something odd in the place of one part of a message, wherever in it that is. */
function spoiled(message: unknown, path: readonly number[], part: unknown): unknown {
  const [step, ...rest] = path
  if (step === undefined || typeof message !== 'object' || message === null) return part
  const entries = Object.entries(message)
  const [key, value] = entries[step % Math.max(1, entries.length)] ?? ['more', undefined]
  const changed = Object.fromEntries([...entries, [key, spoiled(value, rest, part)]])
  return Array.isArray(message) ? Object.values(changed) : changed
}

const asked = fc.constantFrom(...Object.entries(valid()).flatMap(([namespace, events]) => Object.keys(events).map((event) => ({ namespace, event }))))

const written: fc.Arbitrary<Written> = fc
  .record({
    asked,
    path: fc.array(fc.nat(20), { maxLength: 4 }),
    part: odd,
    edits,
    how: fc.constantFrom('whole', 'part', 'text', 'frame', 'bytes'),
    bits: fc.nat(255),
  })
  .map(({ asked: { namespace, event }, path, part, edits: changes, how, bits }): Written => {
    const message = how === 'whole' ? part : how === 'part' ? spoiled(valid()[namespace]?.[event], path, part) : valid()[namespace]?.[event]
    const text = `42${namespace},5${JSON.stringify([event, message])}`
    if (how === 'whole' || how === 'part') return { namespace, text }
    const payload = edited(Buffer.from(text), changes)
    if (how === 'text') return { namespace, frame: { opcode: 1, payload } }
    if (how === 'frame')
      return {
        namespace,
        frame: { opcode: bits % 16, fin: bits < 200, rsv: bits % 23 === 0 ? 1 : 0, masked: bits % 29 !== 0, payload: payload.subarray(0, bits) },
      }
    return { namespace, bytes: edited(encodeFrame({ opcode: 1, payload: Buffer.from(text) }), changes) }
  })

/** Writes all of them, with a new connection whenever the hub has cut the last. */
async function write(scene: Scene, all: readonly Written[]): Promise<void> {
  const peers = new Map<string, Stranger>()
  for (const each of all) {
    const known = peers.get(each.namespace)
    const peer = known && !known.cut ? known : await Stranger.welcomed(scene, each.namespace, goodAuth)
    peers.set(each.namespace, peer)
    if ('bytes' in each) {
      // Nobody knows where this frame ends, so that nothing can follow it.
      peer.write(each.bytes)
      peer.socket.end()
      peers.delete(each.namespace)
      continue
    }
    if ('text' in each) peer.text(each.text)
    else peer.frame(each.frame)
    if ((await peer.stands(each.namespace)) === 'silence') throw new Error(`The hub fell silent at ${JSON.stringify(each)}.`)
  }
  for (const peer of peers.values()) peer.hangUp()
}

async function fuzz(scene: Scene): Promise<string> {
  for (let done = 0; done < frames; done += 1_000) {
    const all = fc.sample(written, { numRuns: Math.min(1_000, frames - done), seed: seed + done })
    const shares = Array.from({ length: lanes }, (_, lane) => all.filter((_, index) => index % lanes === lane))
    const [served] = await Promise.all([scene.serve(), ...shares.map((share) => write(scene, share))])
    if (served !== 'served') return served
  }
  return 'served'
}

play([[`${frames} frames of chance (ANCHORLEG_FUZZ_SEED=${seed})`, 'served', fuzz]] satisfies Line[], { timeoutMs: 20_000 + 20 * frames })
