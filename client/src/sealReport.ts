import { EncodeError, seal } from '@anchorleg/shared'
import { EmitError } from './context.js'
import { type Checked, type Schema, sentenceOf, validate } from './schema.js'

/**
 * Validates what a handler reports while it runs and seals the schema's output; at once where the schema validates at once.
 * @throws {EmitError} `invalid`, or rejects with it
 */
export function sealReport(schema: Schema | undefined, value: unknown, what: 'progress' | 'chunk'): string | Promise<string> {
  const settle = (checked: Checked): string => {
    if ('issues' in checked) throw new EmitError('invalid', `The ${what} is invalid: ${sentenceOf(checked.issues, what)}`)
    return trySeal(checked.value, what)
  }
  const failed = (cause: unknown): never => {
    if (cause instanceof EmitError) throw cause
    throw new EmitError('invalid', `The schema of the ${what} threw: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  try {
    const checked = validate(schema, value)
    return checked instanceof Promise ? checked.then(settle).catch(failed) : settle(checked)
  } catch (error) {
    return failed(error)
  }
}

function trySeal(value: unknown, what: string): string {
  try {
    return seal(value)
  } catch (cause) {
    throw new EmitError('invalid', `The ${what} is invalid: ${cause instanceof EncodeError ? cause.message : String(cause)}`, { cause })
  }
}
