import { type Logger, pino } from 'pino'
import type { HubConfig } from './config.js'
import type { Telemetry } from './telemetry.js'

export type { Logger }

/** A hub's log: one JSON object a line, on standard output. */
export function openLog(level: HubConfig['logLevel']): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { error: pino.stdSerializers.err } })
}

/** Writes telemetry to a log. Single jobs are `debug`; what an operator acts on is `warn` or `error`. */
export function logTelemetry(log: Logger): (event: Telemetry) => void {
  return (event) => {
    const level = levels[event.type]
    // Several come with every job, and few logs want them.
    if (!log.isLevelEnabled(level)) return
    const { type, ...fields } = event
    log[level](fields, type)
  }
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
