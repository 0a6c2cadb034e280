import { readFileSync } from 'node:fs'

/** Kills a process and its children, none of which can do anything any more: no child is left to end by itself, nor made meanwhile. */
export function killTree(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  for (const each of [...childrenOf(pid), pid]) process.kill(each, 'SIGKILL')
}

/** Only Linux tells them; elsewhere a server's processes end when they find themselves alone. */
function childrenOf(pid: number): number[] {
  if (process.platform !== 'linux') return []
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}
