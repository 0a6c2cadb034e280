import { createHash } from 'node:crypto'
import type { AwaitResult } from '@anchorleg/client'
import { type Outcome, seal } from '@anchorleg/shared'
import type { Given, Mark } from './event.js'

/** What of an outcome its attempt gave: as it is settled, stored, told or awaited, it is the same. */
interface Printable {
  readonly type: string
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly value?: string | undefined
  readonly seconds?: number | undefined
}

/** Stands for an outcome's bytes: how many its sealed value takes, and a digest. */
export function printOf({ type, code, message, value, seconds }: Printable): string {
  const digest = createHash('sha256').update(JSON.stringify([type, code, message, value, seconds]))
  return `${Buffer.byteLength(value ?? '')}:${digest.digest('base64url').slice(0, 16)}`
}

/** An outcome as a history has it. */
export function markOf(outcome: Outcome): Mark {
  const { number, attempt, final, type } = outcome
  return { number, attempt, final, type, ...(type === 'error' && { code: outcome.code }), print: printOf(outcome) }
}

/** What an await gave, as a history has it. Its value is sealed again, so that its print is that of the outcome it came from. */
export function givenOf(result: AwaitResult<unknown>): Given {
  switch (result.type) {
    case 'ok':
      return printed({ type: 'ok', value: seal(result.value) })
    case 'cancel':
    case 'discard':
      return printed({ type: result.type, value: seal(result.reason) })
    case 'snooze':
      return printed(result)
    case 'error': {
      const { error } = result
      if (!('attempt' in error)) return { type: 'error', code: error.code }
      return printed({ type: 'error', code: error.code, message: error.message, ...(error.code === 'failed' && { value: seal(error.reason) }) })
    }
    default:
      return result satisfies never
  }
}

function printed(printable: Printable): Given {
  const { type, code } = printable
  return { type, ...(code !== undefined && { code }), print: printOf(printable) }
}
