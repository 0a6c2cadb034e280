import { after, endOfTurn, stopwatch } from '@anchorleg/shared'
import type pg from 'pg'
import { jitter } from '../backoff.js'
import type { PostgresAddress } from '../store/postgres/address.js'
import { openClient } from '../store/postgres/openClient.js'
import { lose } from '../store/postgres/stream.js'
import type { TelemetryBus } from '../telemetry.js'
import type { Notifier, Signal } from './notifier.js'
import { beginningOf, readPayload, writePayloads } from './payloads.js'

/** How long signals of a kind may wait for others to go along with, in ms: those that come often, and those that few care for. */
const patience: Partial<Record<Signal['type'], number>> = { available: 10, reports: 20, moved: 50 }

/** Between two tries to connect, in ms: the shortest doubles up to the longest. */
const retry = { shortest: 100, longest: 5_000 } as const

/** How often the connection is tried, and how long it may take to answer, in ms: one that was cut may say nothing of it. */
const pulse = { every: 5_000, within: 5_000 } as const

/** A signal, and the channel that it goes over. */
interface Said {
  readonly signal: Signal
  readonly channel: string
}

/**
 * Signals between hubs over LISTEN and NOTIFY, on a connection of its own: what gathers while one statement runs goes out in
 * the next. When the connection is lost it connects again, for ever, and has everybody read again what may have been missed.
 */
export class PostgresNotifier implements Notifier {
  readonly #listeners: ((signal: Signal) => void)[] = []
  readonly #lastSent = new Map<Signal['type'], number>()
  /** Where all hubs of the store listen, and where this one does alone. */
  readonly #channel: string
  /** How its own payloads begin. */
  readonly #own: string
  #client: pg.Client | undefined
  #waiting: Said[] = []
  #sending: Promise<void> | undefined
  #planned = Number.POSITIVE_INFINITY
  #cancelPlan = () => {}
  #cancelPulse = () => {}
  #cancelRetry = () => {}
  #tries = 0
  #closed = false

  private constructor(
    private readonly address: PostgresAddress,
    /** Names this hub among the others. */
    private readonly hub: string,
    private readonly telemetry: TelemetryBus,
  ) {
    this.#channel = `${address.schema}_signals`
    this.#own = beginningOf(hub)
  }

  /** Connects; when the first try fails, it goes on trying behind. */
  static async open(address: PostgresAddress, hub: string, telemetry: TelemetryBus): Promise<PostgresNotifier> {
    const notifier = new PostgresNotifier(address, hub, telemetry)
    await notifier.#connect()
    return notifier
  }

  publish(signal: Signal, to?: string): void {
    // Without a connection nobody hears; once there is one, the others are told to read everything.
    if (!this.#client || this.#closed) return
    this.#waiting.push({ signal, channel: to === undefined ? this.#channel : channelOf(to) })
    const since = stopwatch.now() - (this.#lastSent.get(signal.type) ?? 0)
    const wait = patience[signal.type] ?? 0
    // The first of a kind goes at once, but for those that nobody is in a hurry for.
    this.#plan(signal.type === 'moved' ? wait : Math.max(0, wait - since))
  }

  subscribe(listener: (signal: Signal) => void): void {
    this.#listeners.push(listener)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    await this.#sending
    await this.#send()
    this.#closed = true
    for (const cancel of [this.#cancelPlan, this.#cancelPulse, this.#cancelRetry]) cancel()
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  #plan(ms: number): void {
    const at = stopwatch.now() + ms
    if (this.#planned <= at) return
    this.#planned = at
    this.#cancelPlan()
    const send = () => {
      this.#planned = Number.POSITIVE_INFINITY
      void this.#send()
    }
    if (ms > 0) this.#cancelPlan = after(ms, send)
    else {
      this.#cancelPlan = () => {}
      endOfTurn(send)
    }
  }

  /** Sends what waits. While a statement is under way, more gathers. */
  async #send(): Promise<void> {
    if (this.#sending || this.#waiting.length === 0 || !this.#client) return
    const waiting = this.#waiting
    this.#waiting = []
    const now = stopwatch.now()
    for (const { signal } of waiting) this.#lastSent.set(signal.type, now)
    this.#sending = this.#notify(this.#client, waiting)
    await this.#sending
    this.#sending = undefined
    if (this.#waiting.length > 0) this.#plan(0)
  }

  async #notify(client: pg.Client, waiting: readonly Said[]): Promise<void> {
    const byChannel = new Map<string, Signal[]>()
    for (const { signal, channel } of waiting) {
      const signals = byChannel.get(channel)
      if (signals) signals.push(signal)
      else byChannel.set(channel, [signal])
    }
    const said = [...byChannel].flatMap(([channel, signals]) => writePayloads(this.hub, signals).map((payload) => [channel, payload] as const))
    const [channels, payloads] = [said.map(([channel]) => channel), said.map(([, payload]) => payload)]
    try {
      await client.query('SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS said (channel, payload)', [channels, payloads])
    } catch (error) {
      this.#lose(client, error)
    }
  }

  async #connect(): Promise<void> {
    try {
      const client = await openClient(this.address, 'signals')
      if (this.#closed) return void client.end().catch(() => {})
      client.on('error', (error) => this.#lose(client, error))
      client.on('end', () => this.#lose(client, new Error('the connection ended')))
      client.on('notification', ({ payload }) => this.#hear(payload ?? ''))
      await client.query(`LISTEN "${this.#channel}"; LISTEN "${channelOf(this.hub)}"`)
      this.#client = client
      this.#watch(client)
      if (this.#tries > 0) this.#catchUp()
      this.#tries = 0
    } catch (error) {
      this.#retry(error)
    }
  }

  /** Everything may have been missed: here what others said, there what was to be said. */
  #catchUp(): void {
    this.publish({ type: 'gap' })
    this.#tell({ type: 'gap' })
  }

  #hear(payload: string): void {
    if (payload.startsWith(`${this.#own},`)) return
    const signals = readPayload(payload)
    if (!signals) return this.telemetry.tell({ type: 'signal.unreadable', payload: payload.slice(0, 64) })
    for (const signal of signals) this.#tell(signal)
  }

  #tell(signal: Signal): void {
    for (const listener of this.#listeners) listener(signal)
  }

  #watch(client: pg.Client): void {
    this.#cancelPulse = after(pulse.every, () => {
      const late = after(pulse.within, () => this.#lose(client, new Error(`no answer in ${pulse.within} ms`)))
      client
        .query('SELECT 1')
        .then(
          () => this.#client === client && this.#watch(client),
          (error: unknown) => this.#lose(client, error),
        )
        .finally(late)
    })
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client !== client) return
    this.#client = undefined
    this.#waiting = []
    this.#cancelPulse()
    // A connection that does not answer would not answer a goodbye either.
    lose(client)
    this.#retry(error)
  }

  #retry(error: unknown): void {
    if (this.#closed) return
    this.telemetry.tell({ type: 'signals.lost', error })
    const wait = Math.min(retry.longest, retry.shortest * 2 ** Math.min(this.#tries, 10))
    this.#tries += 1
    this.#cancelRetry = after(wait * (0.5 + jitter() / 2), () => void this.#connect())
  }
}

/** Where one hub listens alone: its name is no other's, whatever the store. */
function channelOf(hub: string): string {
  return `anchorleg_${hub}`
}
