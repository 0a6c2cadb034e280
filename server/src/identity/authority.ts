import type { Lane } from '../store/store.js'
import type { Principal } from './principal.js'

/** Whether a name is one of these, where one that ends in `*` stands for all that begin so. Without a list every name is. */
export function covers(patterns: readonly string[] | undefined, name: string): boolean {
  if (!patterns) return true
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern))
}

/** Whether a principal may name this queue and this job, to submit it or to run it. */
export function mayName({ queues, jobs }: Principal, { queue, name }: Lane): boolean {
  return covers(queues, queue) && covers(jobs, name)
}
