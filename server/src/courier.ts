import { type Inspection, isFinished, type RefOutcome, type Standing, type Want, type WatchEvent } from '@anchorleg/shared'
import { ByRef } from './byRef.js'
import type { Roster } from './roster.js'
import { inspectionOf, standingOf } from './standing.js'
import type { Announcement, Inspected, Lookup, Store } from './store/store.js'

/** One connection of a caller. */
export interface ClientSession {
  readonly id: string
  readonly tenant: string
  /** Whether stacks and causes of thrown errors may reach it. */
  readonly seesTraces: boolean
  /** The refs whose rooms it is in, so that leaving costs what joining did. */
  readonly rooms: Set<string>
  /** The watch rooms it is in, by key. */
  readonly watched: Set<string>
  readonly tell: {
    outcomes(outcomes: RefOutcome[]): void
    events(events: WatchEvent[]): void
    expired(refs: string[]): void
  }
}

/** One ref and what its awaiter wants of it. */
export interface Wanted {
  readonly ref: string
  readonly want: Want
}

/** An outcome to be told, and whether its job stays ended by it. */
interface Delivery extends Pick<Announcement, 'tenant' | 'refs' | 'outcome'> {
  readonly ended?: boolean
}

interface Member {
  readonly session: ClientSession
  readonly want: Want
}

/**
 * Brings outcomes to everyone who awaits their ref. Each ref that somebody awaits has a room; a member leaves it with the
 * outcome it wanted, so an await that has ended costs nothing. Rooms are kept here rather than in Socket.IO because one
 * frame then carries all the outcomes of a turn to a connection.
 */
export class Courier {
  readonly #rooms = new ByRef<Member[]>()
  /** Who has left for good, so that nothing under way for it joins again. */
  readonly #gone = new WeakSet<ClientSession>()

  constructor(
    private readonly store: Store,
    private readonly roster: Roster,
  ) {}

  /** How many refs are awaited. */
  get size(): number {
    return this.#rooms.size
  }

  /** The refs that are awaited. */
  lookups(): Iterable<Lookup> {
    return this.#rooms.lookups()
  }

  join(session: ClientSession, { ref, want }: Wanted): void {
    if (this.#gone.has(session)) return
    const lookup = { tenant: session.tenant, ref }
    const room = this.#rooms.get(lookup)
    session.rooms.add(ref)
    if (!room) this.#rooms.set(lookup, [{ session, want }])
    else if (!room.some((member) => member.session === session && member.want === want)) room.push({ session, want })
  }

  /** Whether it is in the room of a ref. */
  has(session: ClientSession, ref: string): boolean {
    return session.rooms.has(ref)
  }

  leave(session: ClientSession, { ref, want }: Wanted): void {
    const lookup = { tenant: session.tenant, ref }
    this.#keep(lookup, (member) => member.session !== session || member.want !== want)
    this.#noteLeft(session, lookup)
  }

  /** A connection has closed: it leaves every room, and joins none any more. */
  leaveAll(session: ClientSession): void {
    this.#gone.add(session)
    for (const ref of session.rooms) this.#keep({ tenant: session.tenant, ref }, (member) => member.session !== session)
    session.rooms.clear()
  }

  /** Joins rooms, then reads the store, in this order: an outcome stored in between is pushed, read, or both, never neither. */
  async attach(session: ClientSession, wanted: readonly Wanted[]): Promise<Standing[]> {
    for (const each of wanted) this.join(session, each)
    try {
      const standings = await this.look(session, wanted)
      standings.forEach((standing, i) => {
        if (standing.type !== 'pending') this.leave(session, wanted[i] as Wanted)
      })
      return standings
    } catch (error) {
      for (const each of wanted) this.leave(session, each)
      throw error
    }
  }

  /** Reads where refs stand, joining nothing. */
  async look(session: ClientSession, wanted: readonly Wanted[]): Promise<Standing[]> {
    const readings = await this.store.read(wanted.map(({ ref }) => ({ tenant: session.tenant, ref })))
    return wanted.map(({ ref, want }, i) => {
      const standing = standingOf({ tenant: session.tenant, ref }, want, readings[i] as (typeof readings)[number], this.roster)
      return standing.type === 'outcome' ? { ...standing, outcome: visible(session, standing).outcome } : standing
    })
  }

  /** Reads all there is to know about jobs but their values. */
  async inspect(session: ClientSession, refs: readonly string[]): Promise<Inspection[]> {
    const inspected = await this.store.inspect(refs.map((ref) => ({ tenant: session.tenant, ref })))
    return refs.map((ref, i) => {
      const inspection = inspectionOf({ tenant: session.tenant, ref }, inspected[i] as Inspected, this.roster)
      if (inspection.type !== 'job') return inspection
      return { ...inspection, errors: inspection.errors.map((outcome) => visible(session, { ref, outcome }).outcome) }
    })
  }

  /** Tells of refs whose job was deleted while they were awaited. */
  expired(lookups: readonly Lookup[]): void {
    for (const lookup of lookups) {
      for (const { session } of this.#rooms.get(lookup) ?? []) {
        if (session.rooms.delete(lookup.ref)) session.tell.expired([lookup.ref])
      }
      this.#rooms.delete(lookup)
    }
  }

  /** Something was stored elsewhere, or may have been: what of it is awaited here is read, and told. */
  async reread(lookups: readonly Lookup[]): Promise<void> {
    const awaited = lookups.filter((lookup) => this.#rooms.get(lookup))
    if (awaited.length === 0) return
    const readings = await this.store.read(awaited)
    const found: Delivery[] = []
    awaited.forEach((lookup, i) => {
      const reading = readings[i]
      if (reading?.type === 'expired') this.expired([lookup])
      if (reading?.type !== 'known' || !reading.latest) return
      const { job, latest } = reading
      // A job that was reopened has a final outcome that did not end it.
      found.push({ tenant: lookup.tenant, refs: [lookup.ref], outcome: latest, ended: latest.final && isFinished(job.state) })
    })
    this.#serve(found)
  }

  /** Pushes stored outcomes to the members of their rooms. */
  deliver(announcements: readonly Announcement[]): void {
    this.#serve(announcements)
  }

  #serve(deliveries: readonly Delivery[]): void {
    const loads = new Map<ClientSession, RefOutcome[]>()
    const give = (session: ClientSession, outcome: RefOutcome) => {
      const load = loads.get(session)
      if (load) load.push(visible(session, outcome))
      else loads.set(session, [visible(session, outcome)])
    }
    for (const { tenant, refs, outcome, ended = outcome.final } of deliveries) {
      for (const ref of refs) {
        const lookup = { tenant, ref }
        const room = this.#rooms.get(lookup)
        if (!room) continue
        const [first] = room
        if (room.length === 1 && first) {
          if (first.want === 'final' && !ended) continue
          give(first.session, { ref, outcome })
          this.#rooms.delete(lookup)
          first.session.rooms.delete(ref)
          continue
        }
        const served = new Set<ClientSession>()
        for (const { session, want } of room) if (want === 'any' || ended) served.add(session)
        for (const session of served) give(session, { ref, outcome })
        this.#keep(lookup, (member) => member.want === 'final' && !ended)
        for (const session of served) this.#noteLeft(session, lookup)
      }
    }
    for (const [session, load] of loads) session.tell.outcomes(load)
  }

  #keep(lookup: Lookup, wanted: (member: Member) => boolean): void {
    const left = this.#rooms.get(lookup)?.filter(wanted)
    if (left && left.length > 0) this.#rooms.set(lookup, left)
    else this.#rooms.delete(lookup)
  }

  /** A member may have left a room: it has unless it is there for something else. */
  #noteLeft(session: ClientSession, lookup: Lookup): void {
    if (!this.#rooms.get(lookup)?.some((member) => member.session === session)) session.rooms.delete(lookup.ref)
  }
}

/** An outcome as this connection may see it. */
export function visible(session: ClientSession, told: RefOutcome): RefOutcome {
  const { ref, outcome } = told
  if (session.seesTraces || outcome.type !== 'error' || outcome.trace === undefined) return told
  const { trace: _hidden, ...rest } = outcome
  return { ref, outcome: rest }
}
