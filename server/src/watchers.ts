import { type Clock, type Cursor, isFinished, type JobState, type Outcome, type WatchEvent, type Watched } from '@anchorleg/shared'
import { type ClientSession, visible } from './courier.js'
import type { Announcement, Lookup, Store, Told, Watching } from './store/store.js'
import type { Telemetry } from './telemetry.js'

type WatchedJob = Extract<Watching, { type: 'job' }>

/** One ref, and what its watcher has of it already. */
export type Watch = Parameters<Store['watch']>[0][number] extends infer W ? Omit<W & Lookup, 'tenant'> : never

/** A ref that is watched, by whom, and of which job. */
interface Room extends Lookup {
  readonly members: Set<ClientSession>
  jobId: string | undefined
  /** How far its members have been told, as near as events say; a cursor that lags only has them told again. */
  cursor: Cursor | undefined
  /** The latest state and progress that they were told. */
  latest: { state?: string; progress?: string }
  /** It is being read again, and once more behind that when something happens meanwhile. */
  reading: 'no' | 'once' | 'again'
}

/**
 * Tells those who watch a ref of everything that happens to its job, in the order in which it is stored. Like awaiting, it
 * joins first and reads then; a watcher that finds a gap asks again from where it is.
 */
export class Watchers {
  readonly #rooms = new Map<string, Room>()
  readonly #jobs = new Map<string, Set<Room>>()

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Joins, then reads what is stored beyond each cursor. Who watches a job that has ended does not stay. */
  async watch(session: ClientSession, watches: readonly Watch[]): Promise<Watched[]> {
    for (const { ref } of watches) this.#join(session, { tenant: session.tenant, ref })
    try {
      const found = await this.store.watch(watches.map((watch) => ({ ...watch, tenant: session.tenant })))
      return watches.map((watch, i) => this.#answer(session, watch, found[i] as Watching))
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

  /** The refs that are watched. */
  lookups(): Iterable<Lookup> {
    return this.#rooms.values()
  }

  /** Hears of jobs that were claimed, or became available again. */
  hear(event: Telemetry): void {
    if (event.type !== 'job.claimed' && event.type !== 'job.available') return
    const { jobId, attempt } = event
    const state = event.type === 'job.claimed' ? 'executing' : 'available'
    for (const room of this.#jobs.get(jobId) ?? []) this.#tell(room, { ref: room.ref, type: 'state', state, attempt, at: this.clock.now() })
  }

  /** Something happened to a job: its watchers are told under the ref that each of them watches. */
  report({ tenant, refs }: Pick<Told, 'tenant' | 'refs'>, eventOf: (ref: string) => WatchEvent): void {
    for (const ref of refs) {
      const room = this.#rooms.get(keyOf({ tenant, ref }))
      if (room) this.#tell(room, eventOf(ref))
    }
  }

  /** Outcomes that were stored, each behind the state it leads to. With the final one the watch ends. */
  deliver(announcements: readonly Pick<Announcement, 'tenant' | 'refs' | 'state' | 'outcome'>[]): void {
    if (this.#rooms.size === 0) return
    for (const { tenant, refs, state, outcome } of announcements) {
      for (const ref of refs) {
        const key = keyOf({ tenant, ref })
        const room = this.#rooms.get(key)
        if (!room) continue
        this.#tell(room, { ref, type: 'state', state, attempt: outcome.attempt, at: outcome.at })
        if (room.cursor) room.cursor = { ...room.cursor, number: outcome.number, ...(outcome.attempt === room.cursor.attempt && { index: 0 }) }
        for (const session of room.members) session.tell.events([{ type: 'outcome', state, ...visible(session, { ref, outcome }) }])
        if (!outcome.final) continue
        for (const session of room.members) session.watched.delete(key)
        this.#close(key, room)
      }
    }
  }

  /** Jobs were claimed elsewhere, or became available again. */
  async moved(jobIds: readonly string[]): Promise<void> {
    await this.reread(jobIds.flatMap((jobId) => [...(this.#jobs.get(jobId) ?? [])]))
  }

  /** Something was stored elsewhere, or may have been: what those who watch it here lack is read, and told in order. */
  async reread(lookups: readonly Lookup[]): Promise<void> {
    const known = lookups.map((lookup) => this.#rooms.get(keyOf(lookup)))
    const rooms = new Set(known.filter((room) => room !== undefined))
    for (const room of rooms) {
      if (room.reading === 'no') continue
      room.reading = 'again'
      rooms.delete(room)
    }
    while (rooms.size > 0) {
      for (const room of rooms) room.reading = 'once'
      await this.#readOn([...rooms])
      for (const room of rooms) if (room.reading !== 'again' || this.#rooms.get(keyOf(room)) !== room) rooms.delete(room)
    }
  }

  async #readOn(rooms: readonly Room[]): Promise<void> {
    try {
      const found = await this.store.watch(rooms.map(({ tenant, ref, cursor }) => ({ tenant, ref, from: cursor })))
      rooms.forEach((room, i) => {
        if (this.#rooms.get(keyOf(room)) !== room) return
        const each = found[i] as Watching
        if (each.type === 'job') this.#retell(room, each)
        else if (each.type === 'expired') this.expired([room])
        if (room.reading === 'once') room.reading = 'no'
        if (each.type === 'job' && each.more) room.reading = 'again'
      })
    } catch (error) {
      for (const room of rooms) room.reading = 'no'
      throw error
    }
  }

  /** Tells what was read, but for what was told meanwhile. */
  #retell(room: Room, found: WatchedJob): void {
    const { ref, tenant } = room
    this.#tie(keyOf(room), { ...found, chunks: [], outcomes: [] }, room.cursor)
    const { attempt, state, at, progress, chunks, more } = found
    const news = found.outcomes.filter(({ number }) => number > (room.cursor?.number ?? 0))
    // While it runs, every outcome there is came before what the current run has told.
    const after = state === 'executing' ? [] : news.filter((outcome) => outcome === news.at(-1))
    const before = news.filter((outcome) => !after.includes(outcome))
    // What a job did behind its outcome is told behind it; only a final one has led to the state that is read.
    const tellOutcome = (outcome: Outcome) => {
      const led = outcome.final && isFinished(state) && outcome === found.outcomes.at(-1)
      this.deliver([{ tenant, refs: [ref], outcome, state: led ? state : stateAfter(outcome) }])
    }
    const tellState = () => {
      if (room.latest.state !== `${state} ${attempt}`) this.#tell(room, { ref, type: 'state', state, attempt, at })
    }
    before.forEach(tellOutcome)
    if (state === 'executing') tellState()
    const ran = chunks.at(-1)?.attempt
    // Chunks tell of a run that is over by now.
    if (ran !== undefined && after.length > 0 && room.latest.state !== `executing ${ran}`) {
      this.#tell(room, { ref, type: 'state', state: 'executing', attempt: ran, at })
    }
    if (progress && room.latest.progress !== `${progress.attempt} ${progress.value}`) this.#tell(room, { ref, type: 'progress', ...progress })
    for (const chunk of chunks) {
      const { cursor } = room
      if (cursor && chunk.attempt === cursor.attempt && chunk.index < cursor.index) continue
      this.#tell(room, { ref, type: 'chunk', ...chunk })
    }
    after.forEach(tellOutcome)
    if (this.#rooms.get(keyOf(room)) === room && !more) tellState()
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
    else this.#rooms.set(key, { ...lookup, members: new Set([session]), jobId: undefined, cursor: undefined, latest: {}, reading: 'no' })
  }

  #answer(session: ClientSession, { ref, from }: Watch, found: Watching): Watched {
    if (found.type !== 'job') {
      this.unwatch(session, ref)
      return { ref, type: found.type }
    }
    const { jobId: _hidden, outcomes, chunks, ...rest } = found
    if (isFinished(found.state) && !found.more) this.unwatch(session, ref)
    else this.#tie(keyOf({ tenant: session.tenant, ref }), found, from)
    return { ...rest, ref, chunks: [...chunks], outcomes: outcomes.map((outcome) => visible(session, { ref, outcome }).outcome) }
  }

  #tie(key: string, { jobId, attempt, chunks, outcomes }: WatchedJob, from?: Cursor): void {
    const room = this.#rooms.get(key)
    if (!room || room.jobId) return
    room.jobId = jobId
    const last = chunks.at(-1)
    room.cursor = { attempt: last?.attempt ?? attempt, index: last ? last.index + 1 : 0, number: outcomes.at(-1)?.number ?? from?.number ?? 0 }
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
    if (event.type === 'state') room.latest.state = `${event.state} ${event.attempt}`
    else if (event.type === 'progress') room.latest.progress = `${event.attempt} ${event.value}`
    else if (event.type === 'chunk' && room.cursor) room.cursor = { ...room.cursor, attempt: event.attempt, index: event.index + 1 }
    for (const session of room.members) session.tell.events([event])
  }
}

/** The state that an outcome leads to. */
function stateAfter(outcome: Outcome): JobState {
  switch (outcome.type) {
    case 'ok':
      return 'completed'
    case 'cancel':
      return 'cancelled'
    case 'discard':
      return 'discarded'
    case 'snooze':
      return 'scheduled'
    case 'error':
      return outcome.state
    default:
      return outcome satisfies never
  }
}

function keyOf({ tenant, ref }: Lookup): string {
  return `${ref} ${tenant}`
}
