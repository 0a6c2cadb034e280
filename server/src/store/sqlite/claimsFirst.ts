import type { Claimed } from '../store.js'
import type { Answer, Request } from './operations.js'
import type { Claim } from './threadMessages.js'

/** Takes what requests have claimed out of their answers, so that it can go ahead of them. */
export function claimsFirst(requests: readonly Request[], answers: readonly Answer[]): { claims: Claim[]; rest: Answer[] } {
  const claims: Claim[] = []
  const rest = answers.map((answer, i): Answer => {
    if (!('value' in answer)) return answer
    const { id, value } = answer
    const { claimed, left } = parted(requests[i]?.method, value)
    if (claimed.length === 0) return answer
    claims.push({ id, claimed })
    return { id, value: left }
  })
  return { claims, rest }
}

function parted(method: Request['method'] | undefined, value: unknown): { claimed: Claimed[]; left?: unknown } {
  if (method === 'claim') return { claimed: value as Claimed[], left: [] }
  if (method !== 'insert' && method !== 'settle') return { claimed: [] }
  const { claimed, ...left } = value as { readonly claimed: Claimed[] }
  return { claimed, left: { ...left, claimed: [] } }
}
