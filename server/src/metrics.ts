import type { Outcome } from '@anchorleg/shared'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Courier } from './courier.js'
import type { Roster } from './roster.js'
import { histogramOf, Spread } from './spread.js'
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

/** What is counted of the jobs of one label: plain numbers that are told when scraped, because they change several times with every job. */
class Tally {
  inserted = 0
  readonly waited = new Spread(durations)
  readonly ran = new Spread(durations)
  readonly outcomes = new Map<string, { readonly type: Outcome['type']; readonly code: string; count: number }>()

  /** Counts an outcome. No type is called like a code. */
  ended(type: Outcome['type'], code = ''): void {
    const known = this.outcomes.get(code || type)
    if (known) known.count += 1
    else this.outcomes.set(code || type, { type, code, count: 1 })
  }
}

/**
 * A hub's metrics in Prometheus' text format. It counts what telemetry tells and reads gauges when it is scraped. Labels are
 * queues, states and codes, never a job's name, ref or values, so their number stays small: the first 100 queues it meets have
 * their own, all others share `other`.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #queues = new Set<string>()
  /** By their label. */
  readonly #tallies = new Map<string, Tally>()
  readonly #refused = this.#counter('refusals_total', 'Messages, jobs and handshakes refused, by code.', ['code'])
  readonly #cut = this.#counter(
    'cut_connections_total',
    'Connections ended at once, because their peer broke the protocol or used more than it may.',
    [],
  )
  readonly #stale = this.#counter('stale_settlements_total', 'Settlements refused because their lease was lost.', [])
  readonly #pruned = this.#counter('jobs_pruned_total', 'Jobs deleted after their retention.', [])
  readonly #failed = this.#counter('store_failures_total', 'Store operations that failed.', ['during'])
  readonly #commits = this.#histogram('store_commit_seconds', 'How long the store took for one transaction, the disk included.', durations)
  readonly #batches = this.#histogram('store_commit_entries', 'Requests in one transaction of the store.', [1, 2, 4, 8, 16, 32, 64, 128, 256])
  readonly #connections = this.#gauge('connections', 'Open connections.', ['role'])

  constructor(rooms: Rooms) {
    collectDefaultMetrics({ register: this.#registry })
    const { store, roster, courier } = rooms
    this.#counter('jobs_inserted_total', 'Jobs stored.', ['queue'], (counter) => {
      counter.reset()
      for (const [queue, { inserted }] of this.#tallies) if (inserted > 0) counter.inc({ queue }, inserted)
    })
    this.#counter('outcomes_total', 'Outcomes stored, by type and by error code.', ['queue', 'type', 'code'], (counter) => {
      counter.reset()
      for (const [queue, { outcomes }] of this.#tallies)
        for (const { type, code, count } of outcomes.values()) counter.inc({ queue, type, code }, count)
    })
    this.#spread('job_wait_seconds', 'From the time a job was due to its claim.', ({ waited }) => waited)
    this.#spread('job_run_seconds', 'From a claim to its outcome.', ({ ran }) => ran)
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
        this.#tallyOf(event.lane.queue).inserted += 1
        return
      case 'job.claimed':
        return this.#tallyOf(event.lane.queue).waited.add(Math.max(0, event.waitedMs) / 1000)
      case 'job.outcome': {
        const tally = this.#tallyOf(event.lane.queue)
        tally.ran.add(event.ranMs / 1000)
        return tally.ended(event.outcome, event.code)
      }
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

  #tallyOf(queue: string): Tally {
    const known = this.#tallies.get(queue)
    if (known) return known
    const label = this.#labelOf(queue)
    const tally = this.#tallies.get(label) ?? new Tally()
    this.#tallies.set(label, tally)
    return tally
  }

  #labelOf(queue: string | null): string {
    if (queue !== null && this.#queues.size < ownQueues) this.#queues.add(queue)
    return queue !== null && this.#queues.has(queue) ? queue : 'other'
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[], collect?: (counter: Counter<Label>) => void): Counter<Label> {
    const counter: Counter<Label> = new Counter({ ...this.#about(name, help), labelNames, ...(collect && { collect: () => collect(counter) }) })
    return counter
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ ...this.#about(name, help), buckets })
  }

  #spread(name: string, help: string, of: (tally: Tally) => Spread): void {
    const about = this.#about(name, help)
    const samples = () => [...this.#tallies].flatMap(([queue, tally]) => of(tally).samples(about.name, { queue }))
    this.#registry.registerMetric(histogramOf(about, samples))
  }

  #gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    collect?: (gauge: Gauge<Label>) => void | Promise<void>,
  ): Gauge<Label> {
    const gauge: Gauge<Label> = new Gauge({ ...this.#about(name, help), labelNames, ...(collect && { collect: () => collect(gauge) }) })
    return gauge
  }

  #about(name: string, help: string) {
    return { name: `anchorleg_${name}`, help, registers: [this.#registry] }
  }
}
