import { openSlots, type WorkerSession } from '#server/roster.js'

interface Fields extends Partial<Pick<WorkerSession, 'id' | 'names'>> {
  readonly slots?: Readonly<Record<string, number>>
  /** What it does with what it is told; nothing with the rest. */
  readonly tell?: Partial<WorkerSession['tell']>
}

/** The session of a worker that holds nothing yet, of jobs called `double` with one slot where nothing else is said. */
export function workerSession({ id = 'worker', names = new Set(['double']), slots = { default: 1 }, tell = {} }: Fields = {}): WorkerSession {
  const told = { perform: () => {}, lost: () => {}, cancel: () => {}, ...tell }
  return { id, names, queues: openSlots(slots), held: new Map(), draining: false, silent: false, overdue: false, tell: told }
}
