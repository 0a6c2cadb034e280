import type { Settlement } from '@anchorleg/shared'
import { workerMessages } from '@anchorleg/shared/schemas'
import type { Performer } from '#client/index.js'
import { type Context, createWorker, type Log, type WorkerOptions } from '#client/worker/index.js'
import type { Heard, ScriptedHub } from './scriptedHub.js'

/** What a hub in good health answers a worker. */
export const wellHub = {
  register: ({ message }: Heard) => ({ held: message.held.map(() => true), leaseMs: 15_000 }),
  settle: ({ message }: Heard) => message.settlements.map(() => 'settled'),
  drain: ({ message }: Heard) => message.release.map(() => 'released'),
  renew: ({ message }: Heard) => message.leases.map(() => true),
  progress: ({ message }: Heard) => message.reports.map(() => 'stored'),
  emit: ({ message }: Heard) => message.chunks.map(() => 'stored'),
}

export const silent: Log = { info() {}, warn() {}, error() {} }

/** A worker of a scripted hub. */
export const work = (hub: ScriptedHub, jobs: readonly Performer[], options: Partial<WorkerOptions> = {}) =>
  createWorker(hub.url, { jobs, logger: silent, ...options })

export const settlements = (heard: Heard): Settlement[] => workerMessages.settle.parse(heard.message).settlements

/** A handler whose runs the test sees and ends. */
export function heldHandler() {
  const runs: { args: any; ctx: Context<any, any>; finish: (value?: unknown) => void }[] = []
  const waiting: (() => void)[] = []
  const handler = (args: any, ctx: Context<any, any>) =>
    new Promise((finish) => {
      runs.push({ args, ctx, finish })
      for (const wake of waiting.splice(0)) wake()
    })
  const started = async (n = 1) => {
    while (runs.length < n) await new Promise<void>((resolve) => waiting.push(resolve))
    return runs[n - 1] as (typeof runs)[number]
  }
  return { handler, started }
}
