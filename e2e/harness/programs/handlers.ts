import { cancel, discard, error, ok, snooze } from '@anchorleg/client/worker'
import { act, crash, type Deed, double, flaky, hold, nap, shift, slow } from '../jobs.js'
import { finished, released, started } from './channel.js'

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
  shift: shift.perform(({ when, by }) => new Date(when.getTime() + by)),
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
