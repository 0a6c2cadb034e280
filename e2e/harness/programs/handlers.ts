import { type Context, cancel, discard, error, type Outcome, ok, snooze } from '@anchorleg/client/worker'
import { act, busy, crash, type Deed, double, type Ending, flaky, fussy, heed, hold, nap, play, type Step, shift, slow, spell } from '../jobs.js'
import { aborted, finished, released, started } from './channel.js'

class Unsendable {
  readonly mark = 1
}

/** What a worker of these tests runs, by name. */
export const handlers = {
  double: double.perform(({ int }) => int * 2),
  slow: slow.perform(async ({ int }, { signal }) => {
    await pause(int, signal)
    return int * 2
  }),
  act: act.perform(perform),
  flaky: flaky.perform(({ failures }, { attempt }) => (attempt > failures ? attempt : error({ attempt }))),
  nap: nap.perform(({ times }, { attempt, job }) => (Number(job.meta.snoozed ?? 0) < times ? snooze(0) : attempt)),
  crash: crash.perform(({ how, times }, { attempt }) => {
    if (attempt > times) return attempt
    if (how === 'exit') process.exit(7)
    if (how === 'hang') for (;;);
    process.kill(process.pid, 'SIGKILL')
    return new Promise<never>(() => {})
  }),
  hold: hold.perform(async ({ key, value }, { attempt }) => {
    started(key, attempt)
    await released(key)
    finished(key, attempt)
    return { value, attempt, pid: process.pid }
  }),
  spell: spell.perform(async ({ key, ms }, { attempt, signal }) => {
    started(key, attempt)
    await pause(ms, signal)
    finished(key, attempt)
    return attempt
  }),
  busy: busy.perform(({ key, ms }, { attempt }) => {
    started(key, attempt)
    for (const end = Date.now() + ms; Date.now() < end; );
    finished(key, attempt)
    return attempt
  }),
  fussy: fussy.perform(({ waits }, { attempt }) => (attempt <= waits.length ? error({ wait: waits[attempt - 1] }) : attempt)),
  heed: heed.perform(async ({ key, end }, { attempt, signal }) => {
    started(key, attempt)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    aborted(key, attempt, signal.reason)
    if (end === 'throw') throw signal.reason
    if (end === 'ignore') await released(key)
    finished(key, attempt)
    return last[end]('by its own will')
  }),
  play: play.perform(async ({ runs }, ctx) => {
    const run = ctx.attempt - 1 + Number(ctx.job.meta.snoozed ?? 0)
    for (const step of runs[run] ?? []) {
      const ended = await take(step, ctx)
      if (ended) return ended
    }
    return ctx.attempt
  }),
  shift: shift.perform(({ when, by }) => new Date(when.getTime() + by)),
}

/** How `heed` ends. */
const last: Record<Exclude<Ending, 'throw'>, (why: string) => Outcome<string>> = { ok, ignore: ok, discard, cancel, error, snooze: () => snooze(0) }

async function take(step: Step, { progress, emit }: Context<number, string>): Promise<Outcome<never> | undefined> {
  if ('emit' in step) await emit(step.emit)
  else if ('progress' in step) progress(step.progress)
  else if ('wait' in step) await released(step.wait)
  else if ('throw' in step) throw new RangeError(step.throw)
  else return 'fail' in step ? error(step.fail) : snooze(step.snooze)
  return undefined
}

function perform(deed: Deed) {
  switch (deed.do) {
    case 'value':
      return deed.value
    case 'ok':
      return ok(deed.value)
    case 'void':
      return
    case 'okVoid':
      return ok()
    case 'cancel':
      return cancel(deed.value)
    case 'discard':
      return discard(deed.value)
    case 'error':
      return error(deed.value)
    case 'snooze':
      return snooze(deed.seconds)
    case 'throw':
      throw new TypeError('it broke', { cause: { why: 'by intent' } })
    case 'throwText':
      throw 'only text'
    case 'function':
      return { list: [{ call: () => 1 }] }
    case 'class':
      return { made: new Unsendable() }
    case 'symbol':
      return [Symbol('mark')]
    case 'bytes':
      return 'x'.repeat(deed.bytes - '["x"]'.length + 1)
    case 'who':
      return process.pid
    default:
      return deed satisfies never
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
