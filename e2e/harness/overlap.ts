import type { WorkerProcess } from './workerProcess.js'

/** How many jobs ran at once, at most, in these workers together, by when each said that it had started and had finished. */
export function mostAtOnce(workers: readonly WorkerProcess[]): number {
  const said = workers.flatMap(({ program }) => program.lines(({ msg }) => msg === 'started' || msg === 'finished'))
  const steps = said.map(({ msg, at }) => ({ at: Number(at), by: msg === 'started' ? 1 : -1 }))
  // What finished in the same millisecond made room first.
  steps.sort((a, b) => a.at - b.at || a.by - b.by)
  let now = 0
  let most = 0
  for (const { by } of steps) {
    now += by
    most = Math.max(most, now)
  }
  return most
}
