import { type Clock, Gathering, isFinished, type WatchEvent, type Watched } from '@anchorleg/shared'
import { type ClientSession, visible } from './courier.js'
import type { Announcement, Lookup, Store, Told, Watching } from './store/store.js'
import type { Telemetry } from './telemetry.js'

/** One ref, and what its watcher has of it already. */
export type Watch = Parameters<Store['watch']>[0][number] extends infer W ? Omit<W & Lookup, 'tenant'> : never

/** A ref that is watched, by whom, and of which job. */
interface Room extends Lookup {
  readonly members: Set<ClientSession>
  jobId: string | undefined
}

/**
 * Tells those who watch a ref of everything that happens to its job, in the order in which it is stored, what one turn brings
 * in one go. Like awaiting, it joins first and reads then; a watcher that finds a gap asks again from where it is.
 */
export class Watchers {
  readonly #rooms = new Map<string, Room>()
  readonly #jobs = new Map<string, Set<Room>>()
  readonly #news = new Gathering<{ readonly session: ClientSession; readonly event: WatchEvent }>(tellAll)

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Joins, then reads what is stored beyond each cursor. Who watches a job that has ended does not stay. */
  async watch(session: ClientSession, watches: readonly Watch[]): Promise<Watched[]> {
    for (const { ref } of watches) this.#join(session, { tenant: session.tenant, ref })
    try {
      const found = await this.store.watch(watches.map((watch) => ({ ...watch, tenant: session.tenant })))
      return watches.map(({ ref }, i) => this.#answer(session, ref, found[i] as Watching))
    } catch (error) {
      for (const { ref } of watches) this.unwatch(session, ref)
      throw error
    }
  }

  unwatch(session: ClientSession, ref: string): void {
    const key = keyOf({ tenant: session.tenant, ref })
    session.watched.delete(key)
    const room = this.#rooms.get(key)
    if (!room?.members.delete(session) || room.members.size > 0) return
    this.#close(key, room)
  }

  /** A connection has closed. */
  leaveAll(session: ClientSession): void {
    for (const key of [...session.watched]) {
      const room = this.#rooms.get(key)
      if (room) this.unwatch(session, room.ref)
    }
  }

  /** Whether anybody watches a ref. */
  has(lookup: Lookup): boolean {
    return this.#rooms.has(keyOf(lookup))
  }

  /** Hears of jobs that were claimed, or became available again. */
  hear(event: Telemetry): void {
    if (event.type !== 'job.claimed' && event.type !== 'job.available') return
    const { jobId, run, attempt } = event
    const state = event.type === 'job.claimed' ? 'executing' : 'available'
    for (const room of this.#jobs.get(jobId) ?? []) this.#tell(room, { ref: room.ref, type: 'state', run, state, attempt, at: this.clock.now() })
  }

  /** Something happened to a job: its watchers are told under the ref that each of them watches. */
  report({ tenant, refs }: Pick<Told, 'tenant' | 'refs'>, eventOf: (ref: string) => WatchEvent): void {
    for (const ref of refs) {
      const room = this.#rooms.get(keyOf({ tenant, ref }))
      if (room) this.#tell(room, eventOf(ref))
    }
  }

  /** Outcomes that were stored, each with the state it leads to. With the final one the watch ends. */
  deliver(announcements: readonly Announcement[]): void {
    if (this.#rooms.size === 0) return
    for (const { tenant, refs, run, state, attempt, outcome } of announcements) {
      for (const ref of refs) {
        const key = keyOf({ tenant, ref })
        const room = this.#rooms.get(key)
        if (!room) continue
        for (const session of room.members) {
          this.#news.add({ session, event: { type: 'outcome', run, state, attempt, ...visible(session, { ref, outcome }) } })
        }
        if (!outcome.final) continue
        for (const session of room.members) session.watched.delete(key)
        this.#close(key, room)
      }
    }
  }

  /** Jobs that were deleted while they were watched. Answers with whom it concerns. */
  expired(lookups: readonly Lookup[]): void {
    for (const lookup of lookups) {
      const key = keyOf(lookup)
      const room = this.#rooms.get(key)
      if (!room) continue
      for (const session of room.members) {
        session.watched.delete(key)
        session.tell.expired([lookup.ref])
      }
      this.#close(key, room)
    }
  }

  #join(session: ClientSession, lookup: Lookup): void {
    const key = keyOf(lookup)
    const room = this.#rooms.get(key)
    session.watched.add(key)
    if (room) room.members.add(session)
    else this.#rooms.set(key, { ...lookup, members: new Set([session]), jobId: undefined })
  }

  #answer(session: ClientSession, ref: string, found: Watching): Watched {
    if (found.type !== 'job') {
      this.unwatch(session, ref)
      return { ref, type: found.type }
    }
    const { jobId, outcomes, chunks, more, ...rest } = found
    const key = keyOf({ tenant: session.tenant, ref })
    // The job ended while the store was read, and the watch with it; but the store has it open, before that or again.
    const isCutOff = !isFinished(found.state) && !session.watched.has(key)
    if (isFinished(found.state) && !more) this.unwatch(session, ref)
    else this.#tie(key, jobId)
    const seen = outcomes.map((outcome) => visible(session, { ref, outcome }).outcome)
    return { ...rest, ref, chunks: [...chunks], outcomes: seen, more: more || isCutOff }
  }

  #tie(key: string, jobId: string): void {
    const room = this.#rooms.get(key)
    if (!room || room.jobId) return
    room.jobId = jobId
    const rooms = this.#jobs.get(jobId)
    if (rooms) rooms.add(room)
    else this.#jobs.set(jobId, new Set([room]))
  }

  #close(key: string, room: Room): void {
    this.#rooms.delete(key)
    if (room.jobId === undefined) return
    const rooms = this.#jobs.get(room.jobId)
    rooms?.delete(room)
    if (rooms?.size === 0) this.#jobs.delete(room.jobId)
  }

  #tell(room: Room, event: WatchEvent): void {
    for (const session of room.members) this.#news.add({ session, event })
  }
}

/** Tells each session what there is for it, in order. */
function tellAll(news: readonly { readonly session: ClientSession; readonly event: WatchEvent }[]): void {
  const loads = new Map<ClientSession, WatchEvent[]>()
  for (const { session, event } of news) {
    const load = loads.get(session)
    if (load) load.push(event)
    else loads.set(session, [event])
  }
  for (const [session, load] of loads) session.tell.events(load)
}

function keyOf({ tenant, ref }: Lookup): string {
  return `${ref} ${tenant}`
}
