import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Courier } from './courier.js'
import type { Roster } from './roster.js'
import type { Store } from './store/store.js'
import type { Telemetry } from './telemetry.js'

/** Seconds: from a round trip on a quiet hub to a batch job. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]

/** Queues with a label of their own. Callers name queues as they like, and each label costs memory, here and in Prometheus. */
const ownQueues = 100

interface Rooms {
  readonly store: Store
  readonly roster: Roster
  readonly courier: Courier
}

/**
 * A hub's metrics in Prometheus' text format. It counts what telemetry tells and reads gauges when it is scraped. Labels are
 * queues, states and codes, never a job's name, ref or values, so their number stays small: the first 100 queues it meets have
 * their own, all others share `other`.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #queues = new Set<string>()
  readonly #inserted = this.#counter('jobs_inserted_total', 'Jobs stored.', ['queue'])
  readonly #outcomes = this.#counter('outcomes_total', 'Outcomes stored, by type and by error code.', ['queue', 'type', 'code'])
  readonly #refused = this.#counter('refusals_total', 'Messages, jobs and handshakes refused, by code.', ['code'])
  readonly #cut = this.#counter(
    'cut_connections_total',
    'Connections ended at once, because their peer broke the protocol or used more than it may.',
    [],
  )
  readonly #stale = this.#counter('stale_settlements_total', 'Settlements refused because their lease was lost.', [])
  readonly #pruned = this.#counter('jobs_pruned_total', 'Jobs deleted after their retention.', [])
  readonly #failed = this.#counter('store_failures_total', 'Store operations that failed.', ['during'])
  readonly #waited = this.#histogram('job_wait_seconds', 'From the time a job was due to its claim.', durations, ['queue'])
  readonly #ran = this.#histogram('job_run_seconds', 'From a claim to its outcome.', durations, ['queue'])
  readonly #commits = this.#histogram('store_commit_seconds', 'How long the store took for one transaction, the disk included.', durations, [])
  readonly #batches = this.#histogram('store_commit_entries', 'Requests in one transaction of the store.', [1, 2, 4, 8, 16, 32, 64, 128, 256], [])
  readonly #connections = this.#gauge('connections', 'Open connections.', ['role'])

  constructor(rooms: Rooms) {
    collectDefaultMetrics({ register: this.#registry })
    const { store, roster, courier } = rooms
    this.#gauge('leases', 'Jobs that connected workers hold.', [], (gauge) => gauge.set(roster.leases))
    this.#gauge('awaited_refs', 'Refs that somebody awaits.', [], (gauge) => gauge.set(courier.size))
    this.#gauge('queue_depth', 'Jobs that have not ended, by queue and state.', ['queue', 'state'], async (gauge) => {
      const depths = await store.depths()
      gauge.reset()
      for (const { queue, state, count } of depths) gauge.inc({ queue: this.#labelOf(queue), state }, count)
    })
  }

  /** The content type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  hear(event: Telemetry): void {
    switch (event.type) {
      case 'job.inserted':
        return this.#inserted.inc({ queue: this.#labelOf(event.lane.queue) })
      case 'job.claimed':
        return this.#waited.observe({ queue: this.#labelOf(event.lane.queue) }, Math.max(0, event.waitedMs) / 1000)
      case 'job.outcome':
        this.#ran.observe({ queue: this.#labelOf(event.lane.queue) }, event.ranMs / 1000)
        return this.#outcomes.inc({ queue: this.#labelOf(event.lane.queue), type: event.outcome, code: event.code ?? '' })
      case 'job.refused':
      case 'peer.refused':
      case 'message.refused':
        return this.#refused.inc({ code: event.code })
      case 'peer.cut':
        return this.#cut.inc()
      case 'settle.stale':
        return this.#stale.inc()
      case 'jobs.pruned':
        return this.#pruned.inc(event.count)
      case 'peer.connected':
        return this.#connections.inc({ role: event.role })
      case 'peer.disconnected':
        return this.#connections.dec({ role: event.role })
      case 'store.failed':
        return this.#failed.inc({ during: event.during })
      case 'store.committed':
        this.#commits.observe(event.ms / 1000)
        return this.#batches.observe(event.requests)
      default:
        return undefined
    }
  }

  #labelOf(queue: string | null): string {
    if (queue !== null && this.#queues.size < ownQueues) this.#queues.add(queue)
    return queue !== null && this.#queues.has(queue) ? queue : 'other'
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `anchorleg_${name}`, help, labelNames, registers: [this.#registry] })
  }

  #histogram<Label extends string>(name: string, help: string, buckets: number[], labelNames: Label[]): Histogram<Label> {
    return new Histogram({ name: `anchorleg_${name}`, help, buckets, labelNames, registers: [this.#registry] })
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const gauge: Gauge<Label> = new Gauge({
      name: `anchorleg_${name}`,
      help,
      labelNames,
      registers: [this.#registry],
      ...(collect && { collect: () => collect(gauge) }),
    })
    return gauge
  }
}
