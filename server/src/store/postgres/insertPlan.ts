import type { JobState } from '@anchorleg/shared'
import { enter } from '../../lifecycle.js'
import { dueOnceStored, insertedAs } from '../inserted.js'
import type { Inserted, Insertion } from '../store.js'
import type { Found } from './find.js'
import { refused } from './insert.js'
import type { NewRow } from './insertRows.js'
import { RaceLost } from './trouble.js'

/** A job, as far as a ref that leads to it is told. */
export interface KnownJob {
  readonly state: JobState
  readonly queue: string
  readonly name: string
  readonly dueAt: number
}

/** Who holds a unique key, and until when; null holds for ever. */
export interface Holder {
  readonly jobId: number
  readonly expiresAt: number | null
}

/** An alias on its way into the table. */
export interface NewAlias {
  readonly tenant: string
  readonly ref: string
  readonly jobId: number
  readonly fingerprint: string
}

/** What is stored, and locked, before insertions are decided; all of it by {@link keyOf}. */
export interface Known {
  readonly refs: Map<string, Found>
  readonly jobs: Map<number, KnownJob>
  readonly holders: Map<string, Holder>
}

/** How a tenant's ref, or unique key, is looked up. */
export function keyOf(tenant: string, name: string): string {
  return `${name} ${tenant}`
}

/**
 * Decides what becomes of insertions, in order, each seeing what those before it did; those of one unit together. Nothing is
 * stored: what was decided is in `rows`, `aliases` and `known.holders`.
 */
export class InsertPlan {
  readonly rows: NewRow[] = []
  readonly aliases: NewAlias[] = []
  /** How to take back what the unit at hand has done. */
  #undo: (() => void)[] = []

  constructor(
    private readonly known: Known,
    private readonly ids: readonly number[],
    private readonly prints: ReadonlyMap<Insertion, string>,
    readonly now: number,
  ) {}

  decide(insertions: readonly Insertion[]): Inserted[] {
    const inserted: Inserted[] = new Array(insertions.length)
    insertions.forEach(({ unit }, i) => {
      if (inserted[i]) return
      const members = unit === undefined ? [i] : insertions.flatMap((each, at) => (each.unit === unit ? [at] : []))
      this.#undo = []
      for (const at of members) inserted[at] = this.#one(insertions[at] as Insertion)
      const refusal = members.map((at) => inserted[at]).find((each) => each?.type === 'refused')?.refusal
      if (!refusal || members.length === 1) return
      for (const undo of this.#undo.reverse()) undo()
      for (const at of members) {
        if (inserted[at]?.type !== 'refused') inserted[at] = refused('invalid_job', `Another job of the same call was refused: ${refusal.message}`)
      }
    })
    return inserted
  }

  #one(insertion: Insertion): Inserted {
    const { tenant, job } = insertion
    const print = this.prints.get(insertion) as string
    const found = this.known.refs.get(keyOf(tenant, job.ref))
    if (found === 'tombstone') return refused('expired', `The ref ${job.ref} belongs to a job that has been deleted after its retention.`)
    if (found && found.fingerprint !== print) return refused('ref_conflict', `The ref ${job.ref} belongs to a job with other content.`)
    if (found) return this.#existing(found.jobId, found.alias)
    const holder = job.unique && this.#holderOf(tenant, job.unique)
    if (holder === undefined) return this.#store(insertion, print)
    this.#push(this.aliases, { tenant, ref: job.ref, jobId: holder, fingerprint: print })
    this.#set(this.known.refs, keyOf(tenant, job.ref), { jobId: holder, fingerprint: print, alias: true })
    return this.#existing(holder, true)
  }

  #holderOf(tenant: string, { key, states }: NonNullable<Insertion['job']['unique']>): number | undefined {
    const holder = this.known.holders.get(keyOf(tenant, key))
    if (!holder || (holder.expiresAt !== null && holder.expiresAt <= this.now)) return undefined
    const job = this.known.jobs.get(holder.jobId)
    return job && states.includes(job.state) ? holder.jobId : undefined
  }

  #store(insertion: Insertion, fingerprint: string): Inserted {
    const { tenant, job } = insertion
    const { queue, name, unique } = job
    const id = this.ids[this.rows.length] as number
    const dueAt = dueOnceStored(job, this.now)
    this.#push(this.rows, { id, insertion, fingerprint, now: this.now, dueAt })
    this.#set(this.known.refs, keyOf(tenant, job.ref), { jobId: id, fingerprint, alias: false })
    this.#set(this.known.jobs, id, { state: enter(dueAt, this.now), queue, name, dueAt })
    const expiresAt = unique?.period === undefined ? null : Math.round(this.now + unique.period * 1000)
    if (unique) this.#set(this.known.holders, keyOf(tenant, unique.key), { jobId: id, expiresAt })
    return insertedAs(job, { id, dueAt, now: this.now })
  }

  #existing(jobId: number, conflict: boolean): Inserted {
    const job = this.known.jobs.get(jobId)
    if (!job) throw new RaceLost(`job ${jobId} was pruned since its ref was looked up`)
    return { type: 'existing', conflict, jobId: String(jobId), ...job }
  }

  #push<T>(list: T[], entry: T): void {
    list.push(entry)
    this.#undo.push(() => void list.pop())
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key)
    map.set(key, value)
    this.#undo.push(() => void (before === undefined ? map.delete(key) : map.set(key, before)))
  }
}
