import type { Lease } from '@anchorleg/shared'
import { z } from 'zod'
import type { Refs, Signal } from './notifier.js'

/** PostgreSQL carries payloads of less than 8,000 bytes. */
const mostBytes = 7_999

const kinds = {
  outcomes: 'o',
  reports: 'r',
  moved: 'm',
  available: 'a',
  cancels: 'c',
  silent: 'l',
  stubborn: 'g',
  recount: 'n',
  serving: 's',
  servingOne: 't',
  queues: 'q',
  gap: 'x',
} as const

/** Writes signals as few payloads, each naming the hub it comes from; the same is said once. */
export function writePayloads(hub: string, signals: readonly Signal[]): string[] {
  const ids = new Map<string, Set<string>>()
  const add = (key: string, id: string) => void (ids.get(key) ?? ids.set(key, new Set()).get(key))?.add(id)
  for (const signal of signals) gather(signal, add)
  const payloads: string[] = []
  const begin = beginningOf(hub)
  let open = begin
  const close = () => {
    if (open !== begin) payloads.push(`${open}]`)
    open = begin
  }
  const fits = (text: string) => Buffer.byteLength(open) + Buffer.byteLength(text) + 2 <= mostBytes
  for (const [key, set] of ids) {
    const head = `,${key.slice(0, -1)}`
    let inside = false
    for (const id of set) {
      const text = `,${JSON.stringify(id)}`
      if (!fits(inside ? text : head + text)) {
        if (inside) open += ']'
        close()
        inside = false
      }
      // What fits nowhere can be found by reading everything again.
      if (!fits(inside ? text : head + text)) open += `,["${kinds.gap}",""]`
      else {
        open += inside ? text : head + text
        inside = true
      }
    }
    if (inside) open += ']'
  }
  close()
  return payloads
}

/** How each payload of a hub begins: it hears its own as well, and need not read them. */
export function beginningOf(hub: string): string {
  return JSON.stringify([hub]).slice(0, -1)
}

/** Sorts what a signal names by what has one head in common. */
function gather(signal: Signal, add: (key: string, id: string) => void): void {
  switch (signal.type) {
    case 'outcomes':
    case 'reports':
      for (const { tenant, refs } of signal.jobs) for (const ref of refs) add(JSON.stringify([kinds[signal.type], tenant]), shortRef(ref))
      return
    case 'moved':
      for (const jobId of signal.jobIds) add(JSON.stringify([kinds.moved]), jobId)
      return
    case 'available':
      for (const { queue, name } of signal.lanes) add(JSON.stringify([kinds.available, queue]), name ?? '')
      return
    case 'serving':
      for (const { tenant, queue, names } of signal.services) {
        const head = tenant === undefined ? [kinds.serving, queue] : [kinds.servingOne, tenant, queue]
        for (const name of names) add(JSON.stringify(head), name)
      }
      return
    case 'cancels':
    case 'lost': {
      const kind = signal.type === 'cancels' ? kinds.cancels : signal.silent ? kinds.silent : kinds.stubborn
      for (const { jobId, lease } of signal.leases) add(JSON.stringify([kind]), `${jobId}:${lease}`)
      return
    }
    case 'recount':
    case 'queues':
    case 'gap':
      return add(JSON.stringify([kinds[signal.type]]), '')
    default:
      signal satisfies never
  }
}

/** Reads a payload; undefined for what no hub of this version wrote. */
export function readPayload(payload: string): readonly Signal[] | undefined {
  try {
    const [, ...pieces] = form.parse(JSON.parse(payload))
    return pieces.map(signalOf)
  } catch {
    return undefined
  }
}

const form = z.tuple([z.string().min(1)], z.tuple([z.string()], z.string()))

function signalOf([kind, ...ids]: readonly [string, ...string[]]): Signal {
  const [head = '', ...rest] = ids
  switch (kind) {
    case kinds.outcomes:
      return { type: 'outcomes', jobs: [jobOf(head, rest)] }
    case kinds.reports:
      return { type: 'reports', jobs: [jobOf(head, rest)] }
    case kinds.moved:
      return { type: 'moved', jobIds: ids }
    case kinds.available:
      return { type: 'available', lanes: rest.map((name) => (name === '' ? { queue: head } : { queue: head, name })) }
    case kinds.cancels:
      return { type: 'cancels', leases: ids.map(leaseOf) }
    case kinds.silent:
    case kinds.stubborn:
      return { type: 'lost', leases: ids.map(leaseOf), silent: kind === kinds.silent }
    case kinds.serving:
      return { type: 'serving', services: [{ queue: head, names: rest }] }
    case kinds.servingOne:
      return { type: 'serving', services: [{ tenant: head, queue: rest[0] ?? '', names: rest.slice(1) }] }
    case kinds.recount:
      return { type: 'recount' }
    case kinds.queues:
      return { type: 'queues' }
    case kinds.gap:
      return { type: 'gap' }
    default:
      throw new TypeError(`There is no signal ${kind}.`)
  }
}

function jobOf(tenant: string, short: readonly string[]): Refs {
  return { tenant, refs: short.map(longRef) }
}

function leaseOf(id: string): Lease {
  const [jobId, lease] = id.split(':')
  if (!jobId || !lease) throw new TypeError('There is no such lease.')
  return { jobId, lease }
}

/** The 16 bytes of a ref in base64url: 22 characters rather than 36. */
function shortRef(ref: string): string {
  return Buffer.from(ref.replaceAll('-', ''), 'hex').toString('base64url')
}

function longRef(short: string): string {
  const hex = Buffer.from(short, 'base64url').toString('hex')
  if (hex.length !== 32) throw new TypeError('There is no such ref.')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
