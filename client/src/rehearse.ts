import { codecTag, defaultLimits, EncodeError, jobDefaults, type Outcome, open, seal, systemClock, terminalCodes } from '@anchorleg/shared'
import { type Attempt, attempt, type Task } from './attempt.js'
import { type Context, consoleLog } from './context.js'
import type { AwaitResult } from './errors.js'
import { readOutcome } from './readOutcome.js'
import { sealReport } from './sealReport.js'

/** Runs one attempt without a hub, as a worker would. In browsers `rehearse.browser.ts` takes this file's place. */
export async function rehearse(task: Task, args: unknown, ctx: Partial<Context>): Promise<AwaitResult<unknown>> {
  const { name, options } = task.definition
  const now = systemClock.now()
  const controller = new AbortController()
  const log = ctx.log ?? consoleLog
  const underWay: Promise<unknown>[] = []
  const context: Context = {
    attempt: 1,
    maxAttempts: options.maxAttempts ?? jobDefaults.maxAttempts,
    job: { id: 'local', name, queue: options.queue ?? jobDefaults.queue, meta: {}, scheduledAt: new Date(now) },
    ...ctx,
    log,
    signal: ctx.signal ? AbortSignal.any([ctx.signal, controller.signal]) : controller.signal,
    progress(value) {
      const told = reported(task, 'progress', value).then(ctx.progress, (error: Error) => log.warn(`Progress is dropped. ${error.message}`))
      underWay.push(told)
    },
    emit(value) {
      const told = reported(task, 'chunk', value).then((chunk) => ctx.emit?.(chunk))
      underWay.push(told)
      return told
    },
  }
  const run: Attempt['run'] = { abort: (reason) => controller.abort(reason), throwIfAborted: () => context.signal.throwIfAborted() }
  try {
    const sealed = seal(args)
    const given = await attempt(task, {
      args: sealed,
      codec: codecTag,
      timeout: options.timeout,
      resultBytes: defaultLimits.resultBytes,
      context,
      run,
    })
    await Promise.allSettled(underWay)
    return readOutcome(stored(given, context, now))
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error
    return { type: 'error', error: { code: 'invalid_args', message: error.message, attempt: context.attempt, state: 'discarded' } }
  }
}

/** What a watcher would be told. */
async function reported({ definition }: Task, what: 'progress' | 'chunk', value: unknown): Promise<unknown> {
  return open(await sealReport(definition[what], value, what))
}

/** The outcome as a hub would store it. */
function stored(given: Awaited<ReturnType<typeof attempt>>, { attempt: number, maxAttempts }: Context, now: number): Outcome {
  const header = { number: 1, attempt: number, at: now }
  if (given.type !== 'error') return { ...header, ...given, final: given.type !== 'snooze' }
  const { backoff, ...error } = given
  const spent = number >= maxAttempts || (terminalCodes as readonly string[]).includes(given.code)
  if (spent) return { ...header, ...error, final: true, state: 'discarded' }
  return { ...header, ...error, final: false, state: 'retryable', ...(backoff !== undefined && { retryAt: now + backoff * 1000 }) }
}
