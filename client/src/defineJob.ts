import { jobDefaults } from '@anchorleg/shared'
import type { Context } from './context.js'
import type { Backoff, Definition, JobOptions } from './definition.js'
import { frozenOptions, makeJob, type NewJob, type NewOptions } from './newJob.js'
import { definitionIssues } from './options.js'
import type { Outcome } from './outcome.js'
import { makePerformer, type Performer } from './performer.js'
import type { Relay } from './relay.js'
import { checking, type In, type Out, type Schema, sentenceOf } from './schema.js'

type May<T> = T | PromiseLike<T>

type NewArgs<A> = undefined extends A ? [args?: A, options?: NewOptions] : [args: A, options?: NewOptions]

/** A kind of job: what its callers and its workers share. */
export interface Job<AIn = any, AOut = any, RIn = any, ROut = any, P = any, C = any, PIn = P, CIn = C> {
  readonly name: string
  /** Makes a job to submit: pure and synchronous. It takes the args schema's input; `client.async` checks it. */
  readonly 'new': (...input: NewArgs<AIn>) => NewJob<ROut, P, C>
  /**
   * Says how a worker runs such jobs. The handler gets the args schema's output and returns the result schema's input, or
   * an outcome; of progress and chunks too it gives the schema's input, and watchers get the output. A handler that ignores `ctx.signal` may still run, beside the next job, after its job has timed out.
   */
  perform(handler: (args: AOut, ctx: Context<PIn, CIn>) => May<RIn | Outcome<RIn>>): Performer
}

/** The args that a job definition takes. */
export type ArgsOf<J> = J extends Job<infer A, any, any, any, any, any> ? A : never
/** The value that a job definition or a relay gives. */
export type ResultOf<J> = J extends Job<any, any, any, infer T, any, any> | Relay<infer T, any, any> ? T : never

/**
 * Defines a kind of job: its name (1–128 characters), its schemas (any Standard Schema, or `type<T>()`), and its options.
 * Put definitions where both the page and the worker import them; they hold no handler.
 * @throws {TypeError} for an option that is not as it must be
 */
export function defineJob<
  A extends Schema | undefined = undefined,
  R extends Schema | undefined = undefined,
  P extends Schema | undefined = undefined,
  C extends Schema | undefined = undefined,
>(
  definition: { name: string } & JobOptions & { args?: A; result?: R; progress?: P; chunk?: C; backoff?: Backoff },
): Job<In<A, any>, Out<A, any>, In<R, any>, Out<R, unknown>, Out<P, unknown>, Out<C, unknown>, In<P, unknown>, In<C, unknown>> {
  const { name, args, result, progress, chunk, backoff, ...options } = definition
  const issues = definitionIssues({ ...options, name })
  for (const [key, schema] of Object.entries({ args, result, progress, chunk })) {
    if (schema !== undefined && !schema?.['~standard']) issues.push({ path: [key], message: 'expected a Standard Schema' })
  }
  if (backoff !== undefined && typeof backoff !== 'function') issues.push({ path: ['backoff'], message: 'expected a function' })
  if (issues.length > 0) throw new TypeError(`The job definition is wrong: ${sentenceOf(issues)}`)
  const isPlain = options.timeout !== Number.POSITIVE_INFINITY && options.unique === undefined
  const kept: Definition = Object.freeze({
    name,
    args: checking(args),
    result: checking(result),
    progress,
    chunk,
    backoff,
    isPlain,
    options: Object.freeze(frozenOptions(options)),
  })
  return Object.freeze({
    name,
    [defined]: kept,
    new: (input?: unknown, own?: NewOptions) => makeJob(kept, input, own),
    perform: (handler: Handler) => makePerformer(kept, handler),
  })
}

type Handler = Parameters<typeof makePerformer>[1]

const defined = Symbol.for('anchorleg.definition')

/** Which job a definition makes, as a relay names it; null for anything else. */
export function jobNamed(job: unknown): Relay['job'] {
  const definition = typeof job === 'object' && job !== null ? (job as { [defined]?: Definition })[defined] : undefined
  return definition ? { name: definition.name, queue: definition.options.queue ?? jobDefaults.queue } : null
}
