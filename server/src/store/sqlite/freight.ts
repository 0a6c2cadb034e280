import type { Claimed, Inserted, Settled } from '../store.js'
import { type Flat, lay, raise } from './flat.js'
import * as kinds from './kinds.js'
import type { Answer, Request } from './operations.js'
import type { Claim } from './threadMessages.js'

/** A request as the engine takes it: the lists that every job is in came laid flat. */
export function unload(request: Request): Request {
  const { method, args } = request
  const [first, ...others] = args
  if (method === 'insert') return { ...request, args: [raise(kinds.insertions, first as Flat), ...others] }
  if (method === 'settle') return { ...request, args: [raise(kinds.settlements, first as Flat), ...others] }
  return request
}

/** Answers with their lists laid flat; and what was claimed along, by itself, so that it can go ahead of them. */
export function load(requests: readonly Request[], answers: readonly Answer[]): { claims: Claim[]; answers: Answer[] } {
  const claims: Claim[] = []
  const without = (id: number, claimed: readonly Claimed[], left: Flat): Answer => {
    if (claimed.length > 0) claims.push({ id, claimed: lay(kinds.claimed, claimed) })
    return { id, value: left }
  }
  const loaded = answers.map((answer, i): Answer => {
    if (!('value' in answer)) return answer
    const { id, value } = answer
    switch (requests[i]?.method) {
      case 'insert': {
        const { inserted, claimed } = value as { inserted: Inserted[]; claimed: Claimed[] }
        return without(id, claimed, lay(kinds.inserted, inserted))
      }
      case 'settle': {
        const { settled, claimed } = value as { settled: Settled[]; claimed: Claimed[] }
        return without(id, claimed, lay(kinds.settled, settled))
      }
      case 'claim':
        return without(id, value as Claimed[], [])
      default:
        return answer
    }
  })
  return { claims, answers: loaded }
}
