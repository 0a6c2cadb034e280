import { rehearse } from '#client/rehearse.js'
import type { Task } from './attempt.js'
import type { Context } from './context.js'
import type { Definition } from './definition.js'
import type { AwaitResult } from './errors.js'

/** A job definition and its handler: what a worker runs. */
export interface Performer {
  readonly name: string
  /**
   * Runs the handler here and now, without a hub, as a worker would: args and result are validated, encoded and decoded.
   * For tests. `ctx` takes the place of what the handler gets otherwise: attempt 1, a signal that only the job's timeout
   * aborts, the console as log; its `progress` and `emit` are called with what watchers would be told. It never rejects in
   * Node; a page has no part of a worker, so there it always does.
   */
  run(args: unknown, ctx?: Partial<Context<any, any>>): Promise<AwaitResult<unknown>>
}

const performed = Symbol.for('anchorleg.performer')

/** Ties a handler to its definition. */
export function makePerformer(definition: Definition, handler: Task['handler']): Performer {
  if (typeof handler !== 'function') throw new TypeError(`expected a function that performs "${definition.name}"`)
  const task: Task = { definition, handler }
  return Object.freeze({
    name: definition.name,
    [performed]: task,
    run: (args: unknown, ctx: Partial<Context> = {}) => rehearse(task, args, ctx),
  })
}

/** The definition and handler behind a performer; undefined for anything else. */
export function taskOf(performer: unknown): Task | undefined {
  return typeof performer === 'object' && performer !== null ? (performer as { [performed]?: Task })[performed] : undefined
}
