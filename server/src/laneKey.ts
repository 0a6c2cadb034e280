import type { Lane } from './store/store.js'

/** A lane as the key of a map: no two lanes have the same, whatever their names hold. */
export function laneKey({ queue, name }: Lane): string {
  return `${queue.length} ${queue}${name}`
}
