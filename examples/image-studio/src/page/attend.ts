import type { AwaitResult, Client } from '@anchorleg/client'
import type { Step } from '../jobs.js'
import { callOff } from './callOff.js'
import { type Course, outset, recalled, told } from './course.js'
import { button } from './element.js'
import type { Relayed } from './follow.js'
import type { JobPanel } from './jobPanel.js'
import { announce } from './news.js'
import { waitsFor, whyNot } from './words.js'

interface Attendance<C> {
  readonly panel: JobPanel
  /** What the job is about, for the news. */
  readonly subject: string
  /** Aborts when nobody looks at the panel any more. */
  readonly signal: AbortSignal
  /** `index` counts from 0 in each attempt. The next event waits for this one. */
  readonly onChunk?: (chunk: C, index: number) => Promise<void>
  readonly onAgain?: () => void
}

/**
 * Shows in a panel how a job fares, from wherever it is to its final outcome, and lets it be cancelled there. Gives what came
 * of it in the end; a value is left to the caller to show, anything else stands in the panel already.
 */
export async function attend<T, C>(client: Client, relay: Relayed<T, Step, C>, attendance: Attendance<C>): Promise<AwaitResult<T>> {
  const { panel, subject, signal, onAgain } = attendance
  let share = 0
  panel.begin(async () => {
    panel.stopping()
    const obstacle = await callOff(client, relay, `Cancel was pressed${share > 0 ? ` at ${Math.round(share * 100)}\u00a0%` : ''}.`)
    if (obstacle && !signal.aborted) panel.goesOn(obstacle)
  })
  const ending = client.await(relay, { timeout: Number.POSITIVE_INFINITY, withRetries: true, signal })
  const onCourse = (course: Course) => {
    share = course.step?.share ?? 0
    panel.show(course)
  }
  // What keeps a job from being watched is no reason not to have its result; and if it has none, the await says why.
  await watch(client, relay, { ...attendance, onCourse }).catch(() => {})
  const result = await ending
  if (signal.aborted || result.type === 'ok') return result
  panel.end(result.type === 'cancel' ? 'cancelled' : 'failed', whyNot(result), ...(onAgain ? [button('Try again', onAgain)] : []))
  announce(`${subject}: ${whyNot(result)}`)
  return result
}

type Watch<C> = Attendance<C> & { readonly onCourse: (course: Course) => void }

async function watch<C>(client: Client, relay: Relayed<unknown, Step, C>, { panel, subject, signal, onChunk, onCourse }: Watch<C>): Promise<void> {
  let course = outset
  for await (const event of client.watch(relay, { signal })) {
    const isFirst = course === outset
    course = told(course, event)
    if (event.type === 'chunk') await onChunk?.(event.value, event.index)
    if (isFirst || (event.type === 'state' && event.state === 'available')) {
      const inspection = await client.inspect(relay).catch(() => undefined)
      if (inspection) course = recalled(course, inspection)
      onCourse(course)
      if (inspection?.waiting && course.state === 'available') panel.waits(waitsFor[inspection.waiting])
    } else if (event.type !== 'chunk') {
      onCourse(course)
    }
    if (event.type === 'outcome' && !event.final) announce(`${subject}: attempt ${event.attempt} failed. ${course.mishaps.at(-1)?.why ?? ''}`)
  }
}
