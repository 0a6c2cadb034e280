import { type Clock, type Cursor, Gathering, isFinished, type Outcome, type WatchEvent, type Watched } from '@anchorleg/shared'
import { type ClientSession, visible } from './courier.js'
import { standAfter } from './lifecycle.js'
import type { Announcement, Lookup, Store, Told, Watching } from './store/store.js'
import type { Telemetry } from './telemetry.js'

type WatchedJob = Extract<Watching, { type: 'job' }>

/** One ref, and what its watcher has of it already. */
export type Watch = Parameters<Store['watch']>[0][number] extends infer W ? Omit<W & Lookup, 'tenant'> : never

/** A ref that is watched, by whom, and of which job. */
interface Room extends Lookup {
  readonly members: Set<ClientSession>
  jobId: string | undefined
  /** How far its members have been told, as near as events say. One that lags only has them told again. */
  cursor: Cursor
  /** The latest state and progress that they were told. */
  latest: { state?: string; progress?: string }
  /** It is being read again, and once more behind that when something happens meanwhile. */
  reading: 'no' | 'once' | 'again'
}

/**
 * Tells those who watch a ref of everything that happens to its job, in the order in which it is stored, what one turn brings
 * in one go. Like awaiting, it joins first and reads then; a watcher that finds a gap asks again from where it is.
 */
export class Watchers {
  readonly #rooms = new Map<string, Room>()
  readonly #jobs = new Map<string, Set<Room>>()
  /** Jobs that began a run, or wait again, since an answer began to be read: for each that is being read. */
  readonly #movedSince = new Set<Set<string>>()
  readonly #news = new Gathering<{ readonly session: ClientSession; readonly event: WatchEvent }>(tellAll)

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  /** Joins, then reads what is stored beyond each cursor. Who watches a job that has ended does not stay. */
  async watch(session: ClientSession, watches: readonly Watch[]): Promise<Watched[]> {
    const lookups = watches.map(({ ref }) => ({ tenant: session.tenant, ref }))
    for (const lookup of lookups) this.#join(session, lookup)
    const moved = new Set<string>()
    this.#movedSince.add(moved)
    try {
      const found = await this.store.watch(watches.map((watch) => ({ ...watch, tenant: session.tenant })))
      const answers = watches.map((watch, i) => this.#answer(session, watch, found[i] as Watching))
      // That is told by the job's id, which was not known yet, and what was read may be from before it.
      const unsure = lookups.filter((_, i) => found[i]?.type === 'job' && moved.has(found[i].jobId))
      if (unsure.length > 0) await this.reread(unsure)
      return answers
    } catch (error) {
      for (const { ref } of watches) this.unwatch(session, ref)
      throw error
    } finally {
      this.#movedSince.delete(moved)
    }
  }

  /** Whether it watches a ref. */
  has(session: ClientSession, ref: string): boolean {
    return session.watched.has(keyOf({ tenant: session.tenant, ref }))
  }

  unwatch(session: ClientSession, ref: string): void {
    const key = keyOf({ tenant: session.tenant, ref })
    session.watched.delete(key)
    const room = this.#rooms.get(key)
    if (room?.members.delete(session) && room.members.size === 0) this.#close(room)
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
    const { jobId, run, attempt } = event
    const state = event.type === 'job.claimed' ? 'executing' : 'available'
    this.#noteMoved([jobId])
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
    for (const { run, state, attempt, outcome, ...told } of announcements) {
      this.report(told, (ref) => ({ ref, type: 'outcome', run, state, attempt, outcome }))
    }
  }

  /** Jobs were claimed elsewhere, or became available again. */
  async moved(jobIds: readonly string[]): Promise<void> {
    this.#noteMoved(jobIds)
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
      for (const room of rooms) if (room.reading !== 'again' || !this.#isOpen(room)) rooms.delete(room)
    }
  }

  /** Jobs that were deleted while they were watched. */
  expired(lookups: readonly Lookup[]): void {
    for (const lookup of lookups) {
      const room = this.#rooms.get(keyOf(lookup))
      if (!room) continue
      for (const session of room.members) session.tell.expired([lookup.ref])
      this.#close(room)
    }
  }

  #noteMoved(jobIds: readonly string[]): void {
    for (const moved of this.#movedSince) for (const jobId of jobIds) moved.add(jobId)
  }

  #join(session: ClientSession, lookup: Lookup): void {
    const key = keyOf(lookup)
    const room = this.#rooms.get(key)
    session.watched.add(key)
    const cursor = { run: 0, index: 0, number: 0 }
    if (room) room.members.add(session)
    else this.#rooms.set(key, { ...lookup, members: new Set([session]), jobId: undefined, cursor, latest: {}, reading: 'no' })
  }

  #answer(session: ClientSession, { ref, from }: Watch, found: Watching): Watched {
    if (found.type !== 'job') {
      this.unwatch(session, ref)
      return { ref, type: found.type }
    }
    const { jobId, outcomes, chunks, more, ...rest } = found
    const key = keyOf({ tenant: session.tenant, ref })
    const room = this.#rooms.get(key)
    // The job ended while the store was read, and the watch with it; but the store has it open, before that or again.
    const isCutOff = !isFinished(found.state) && !session.watched.has(key)
    if (isFinished(found.state) && !more) this.unwatch(session, ref)
    else if (room && !room.jobId) {
      this.#tie(room, jobId)
      room.cursor = behind(found, from)
      room.latest.state ??= `${found.run} ${found.state}`
    }
    const seen = outcomes.map((outcome) => visible(session, { ref, outcome }).outcome)
    return { ...rest, ref, chunks: [...chunks], outcomes: seen, more: more || isCutOff }
  }

  async #readOn(rooms: readonly Room[]): Promise<void> {
    try {
      const found = await this.store.watch(
        rooms.map(({ tenant, ref, cursor, jobId }) => ({ tenant, ref, from: cursor, before: jobId !== undefined })),
      )
      rooms.forEach((room, i) => {
        if (!this.#isOpen(room)) return
        const each = found[i] as Watching
        if (each.type === 'job') this.#retell(room, each)
        else if (each.type === 'expired') this.expired([room])
        if (room.reading === 'once') room.reading = each.type === 'job' && each.more ? 'again' : 'no'
      })
    } catch (error) {
      for (const room of rooms) room.reading = 'no'
      throw error
    }
  }

  /** Tells what was read, but for what was told meanwhile, as those hear it who are at the hub where it happens. */
  #retell(room: Room, { jobId, state, attempt, run, after, at, progress, progressBefore, chunks, outcomes, more }: WatchedJob): void {
    const { ref } = room
    if (!room.jobId) this.#tie(room, jobId)
    const tellOutcome = (of: number, outcome: Outcome) => {
      if (outcome.number > room.cursor.number) this.#tell(room, { ref, type: 'outcome', run: of, ...standAfter(outcome), outcome })
    }
    const tellProgress = (each: NonNullable<WatchedJob['progressBefore']>) => {
      if (each.run >= room.cursor.run && room.latest.progress !== `${each.run} ${each.value}`) this.#tell(room, { ref, type: 'progress', ...each })
    }
    if (progressBefore) tellProgress(progressBefore)
    // Which runs gave them is not stored: those told of, as it seems, but not the one that has given none yet.
    const earlier = state === 'executing' ? Math.min(room.cursor.run, run - 1) : room.cursor.run
    for (const outcome of outcomes) if (outcome.number <= after) tellOutcome(earlier, outcome)
    const later = outcomes.filter(({ number }) => number > after)
    const told = progress ?? chunks[0] ?? later[0]
    if (run > room.cursor.run && (state === 'executing' || told)) {
      // Before it ran it waited, be it ever so shortly.
      if (room.latest.state !== `${run - 1} available`) {
        this.#tell(room, { ref, type: 'state', run: run - 1, state: 'available', attempt: (told?.attempt ?? attempt) - 1, at })
      }
      this.#tell(room, { ref, type: 'state', run, state: 'executing', attempt: told?.attempt ?? attempt, at })
    }
    if (progress) tellProgress({ run, ...progress })
    for (const chunk of chunks)
      if (run === room.cursor.run && chunk.index >= room.cursor.index) this.#tell(room, { ref, type: 'chunk', run, ...chunk })
    for (const outcome of later) tellOutcome(run, outcome)
    if (state === 'available' && !more && room.latest.state !== `${run} ${state}`) this.#tell(room, { ref, type: 'state', run, state, attempt, at })
  }

  #tie(room: Room, jobId: string): void {
    room.jobId = jobId
    const rooms = this.#jobs.get(jobId)
    if (rooms) rooms.add(room)
    else this.#jobs.set(jobId, new Set([room]))
  }

  #isOpen(room: Room): boolean {
    return this.#rooms.get(keyOf(room)) === room
  }

  #close(room: Room): void {
    const key = keyOf(room)
    for (const session of room.members) session.watched.delete(key)
    this.#rooms.delete(key)
    if (room.jobId === undefined) return
    const rooms = this.#jobs.get(room.jobId)
    rooms?.delete(room)
    if (rooms?.size === 0) this.#jobs.delete(room.jobId)
  }

  #tell(room: Room, event: WatchEvent): void {
    if (!this.#isOpen(room)) return
    if (event.type === 'progress') room.latest.progress = `${event.run} ${event.value}`
    else if (event.type !== 'chunk') room.latest.state = `${event.run} ${event.state}`
    room.cursor = advanced(room.cursor, event)
    for (const session of room.members) {
      this.#news.add({ session, event: event.type === 'outcome' ? { ...event, ...visible(session, event) } : event })
    }
    if (event.type === 'outcome' && isFinished(event.state)) this.#close(room)
  }
}

/** How far an answer brings whoever asked from a cursor. */
function behind({ run, chunks, outcomes }: WatchedJob, from: Cursor | undefined): Cursor {
  const last = chunks.at(-1)
  const known = from?.run === run ? from.index : 0
  return { run, index: last ? last.index + 1 : known, number: outcomes.at(-1)?.number ?? from?.number ?? 0 }
}

/** How far an event brings whoever was at a cursor. */
function advanced(cursor: Cursor, event: WatchEvent): Cursor {
  const { run, index, number } = event.run > cursor.run ? { ...cursor, run: event.run, index: 0 } : cursor
  if (event.type === 'outcome') return { run, index, number: Math.max(number, event.outcome.number) }
  if (event.type === 'chunk' && event.run === run) return { run, index: Math.max(index, event.index + 1), number }
  return { run, index, number }
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
