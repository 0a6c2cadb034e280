import { cutIntoFrames, endOfTurn, frameShare, type Lease, type ProgressReport, type WorkerAsks } from '@anchorleg/shared'
import type { Connection } from '../connection.js'

/**
 * Holds the latest progress of each attempt until the hub has it. What one turn of the event loop brings leaves in one
 * message. Progress that the hub refuses is given up: the next is as good.
 */
export class ProgressReports {
  readonly #held = new Map<string, ProgressReport>()
  #unsent = new Set<string>()
  #open = false
  #scheduled = false
  readonly #waiting = new Map<string, () => void>()

  constructor(
    private readonly connection: Pick<Connection<WorkerAsks>, 'ask' | 'limits'>,
    /** Leases that the hub has given to others. */
    private readonly lost: (leases: Lease[]) => void,
  ) {}

  add(report: ProgressReport): void {
    this.#held.set(report.lease, report)
    this.#unsent.add(report.lease)
    this.#schedule()
  }

  /** Resolves once the hub has the latest progress of an attempt, or it is given up. */
  flushed(lease: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#held.has(lease)) this.#waiting.set(lease, resolve)
      else resolve()
    })
  }

  /** Gives up the progress of an attempt. */
  drop(lease: string): void {
    this.#held.delete(lease)
    this.#unsent.delete(lease)
    this.#waiting.get(lease)?.()
    this.#waiting.delete(lease)
  }

  /** The hub takes progress from here on. */
  resume(): void {
    this.#open = true
    this.#unsent = new Set(this.#held.keys())
    this.#schedule()
  }

  /** The connection is gone. */
  pause(): void {
    this.#open = false
  }

  #schedule(): void {
    if (this.#scheduled || !this.#open || this.#unsent.size === 0) return
    this.#scheduled = true
    endOfTurn(() => {
      this.#scheduled = false
      const { limits } = this.connection
      if (!this.#open || !limits) return
      const reports = [...this.#unsent].flatMap((lease) => this.#held.get(lease) ?? [])
      this.#unsent.clear()
      for (const frame of cutIntoFrames(reports, limits, ({ value }) => header + frameShare(value))) void this.#send(frame)
    })
  }

  async #send(frame: readonly ProgressReport[]): Promise<void> {
    const reply = await this.connection.ask('progress', { reports: [...frame] })
    if ('lost' in reply && reply.lost === 'disconnected') return
    frame.forEach((report, i) => {
      if (this.#held.get(report.lease) === report) this.drop(report.lease)
      if ('ok' in reply && reply.ok[i] === 'stale') this.lost([{ jobId: report.jobId, lease: report.lease }])
    })
  }
}

/** Bytes of an entry beside its value. */
const header = 192
