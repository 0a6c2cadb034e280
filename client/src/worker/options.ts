import { jobBounds, jobDefaults } from '@anchorleg/shared'
import { addressOf, type HubUrl } from '../address.js'
import type { Task } from '../attempt.js'
import type { Address, Token } from '../connection.js'
import { consoleLog, type Log } from '../context.js'
import { demand, integer, isRecord, type Opt, optionsOf, show, text } from '../options.js'
import { type Performer, taskOf } from '../performer.js'

/** The options of {@link createWorker}. */
export type WorkerOptions = {
  /** What it runs: job definitions with their handlers, one for each name. */
  readonly jobs: readonly Performer[]
} & Opt<{
  /** How many jobs of each queue it runs at a time, 1 to 100,000. Default `{ default: 10 }`. */
  queues: { readonly [queue: string]: number }
  /** Who we are; a function is asked on every connection. */
  token: Token
  /** Where Socket.IO listens on the hub. Default `/socket.io/`, below the url's own path. */
  path: string
  /** Where the worker and `ctx.log` write. Default the console. */
  logger: Log
}>

/** Options as they are kept. */
export interface WorkerSettings {
  readonly address: Omit<Address, 'namespace'>
  readonly tasks: ReadonlyMap<string, Task>
  readonly queues: { readonly [queue: string]: number }
  readonly log: Log
}

const mostSlots = 100_000

/** Reads a worker's options. @throws {TypeError} "queues: expected …, got …" */
export function readWorkerOptions(url: HubUrl, options: WorkerOptions): WorkerSettings {
  if (!isRecord(options)) throw new TypeError(`options: expected an object with jobs, got ${show(options)}`)
  optionsOf(options, ['jobs', 'queues', 'token', 'path', 'logger'])
  const { jobs, queues = { [jobDefaults.queue]: 10 }, logger = consoleLog, token, path } = options
  return { address: addressOf(url, { token, path }), tasks: tasksOf(jobs), queues: queuesOf(queues), log: logger }
}

function tasksOf(jobs: readonly Performer[]): Map<string, Task> {
  if (!Array.isArray(jobs) || jobs.length === 0)
    throw new TypeError(`jobs: expected at least one, made by definition.perform(handler), got ${show(jobs)}`)
  const tasks = new Map<string, Task>()
  jobs.forEach((job: unknown, i) => {
    const task = taskOf(job)
    if (!task) throw new TypeError(`jobs[${i}]: expected what definition.perform(handler) gives, got ${show(job)}`)
    const { name } = task.definition
    if (tasks.has(name)) throw new TypeError(`jobs[${i}]: expected one handler for each name, got a second for "${name}"`)
    tasks.set(name, task)
  })
  return tasks
}

function queuesOf(queues: unknown): { readonly [queue: string]: number } {
  const entries = isRecord(queues) ? Object.entries(queues) : []
  if (entries.length === 0) throw new TypeError(`queues: expected at least one queue with its slots, such as { default: 10 }, got ${show(queues)}`)
  for (const [name, slots] of entries) {
    demand('queues', text(jobBounds.queue), name)
    demand(`queues.${name}`, integer(1, mostSlots), slots)
  }
  return Object.fromEntries(entries) as { [queue: string]: number }
}
