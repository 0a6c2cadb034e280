import { type Logger, pino } from 'pino'
import type { HubConfig } from './config.js'
import type { Telemetry, TelemetryBus } from './telemetry.js'

export type { Logger }

/** A hub's log: one JSON object a line, on standard output. */
export function openLog(level: HubConfig['logLevel']): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } })
}

/** Writes telemetry to a log, what its level lets through. Single jobs are `debug`; what an operator acts on is `warn` or `error`. */
export function logTelemetry(telemetry: TelemetryBus, log: Logger): void {
  const write = ({ type, ...fields }: Telemetry) => log[levels[type]](fields, type)
  telemetry.subscribe(
    write,
    types.filter((type) => log.isLevelEnabled(levels[type])),
  )
}

const levels = {
  'job.inserted': 'debug',
  'job.refused': 'debug',
  'job.claimed': 'debug',
  'job.available': 'debug',
  'job.outcome': 'debug',
  'settle.stale': 'info',
  'jobs.pruned': 'debug',
  'peer.connected': 'debug',
  'peer.disconnected': 'debug',
  'worker.registered': 'info',
  'worker.draining': 'info',
  'worker.overdue': 'warn',
  'peer.refused': 'warn',
  'peer.cut': 'warn',
  'message.refused': 'warn',
  'message.failed': 'error',
  'store.committed': 'trace',
  'signals.lost': 'warn',
  'signal.unreadable': 'warn',
  'store.failed': 'error',
} as const satisfies Record<Telemetry['type'], 'trace' | 'debug' | 'info' | 'warn' | 'error'>

const types = Object.keys(levels) as Telemetry['type'][]
