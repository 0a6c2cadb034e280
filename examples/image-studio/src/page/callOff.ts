import { type Client, RelayError } from '@anchorleg/client'
import type { Relayed } from './follow.js'

/** Why a job was cancelled, as this page tells it to whoever awaits the job: the worker, this page after a reload, another tab. */
interface CallingOff {
  readonly by: string
  readonly why: string
}

/** Cancels a job, whether it waits or runs. Answers, for people, what stood in the way if anything did. */
export async function callOff(client: Client, relay: Relayed<unknown>, why: string): Promise<string> {
  try {
    const reason: CallingOff = { by: 'the studio page', why }
    const { cancelled, state } = await client.cancel(relay, { reason })
    if (cancelled) return ''
    return state === 'executing' ? 'The worker does not answer.' : 'It was over before it could be cancelled.'
  } catch (error) {
    return error instanceof RelayError && error.code === 'unreachable'
      ? 'The hub cannot be reached: nothing is cancelled yet.'
      : `${(error as Error).message}`
  }
}

/** The reason of a cancelled job in words. */
export function calledOff(reason: unknown): string {
  if (isCallingOff(reason)) return `Cancelled by ${reason.by}: ${reason.why}`
  return typeof reason === 'string' && reason !== '' ? `Cancelled: ${reason}` : 'Cancelled, nobody said why.'
}

function isCallingOff(reason: unknown): reason is CallingOff {
  if (typeof reason !== 'object' || reason === null || !('by' in reason) || !('why' in reason)) return false
  return typeof reason.by === 'string' && typeof reason.why === 'string'
}
