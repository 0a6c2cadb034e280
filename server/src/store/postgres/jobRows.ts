/** The column that says whether a job's queue is paused. */
export const paused = 'coalesce((SELECT queues.paused FROM queues WHERE queues.name = jobs.queue), false) AS paused'

/** A job's meta as it is handed on, with the count of its snoozes. */
export function metaOf({ meta, snoozed }: { readonly meta: string; readonly snoozed: number }) {
  const own = meta === '{}' ? {} : JSON.parse(meta)
  return snoozed > 0 ? { ...own, snoozed } : own
}
