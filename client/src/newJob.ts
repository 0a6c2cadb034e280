import { codecTag, type EncodeError, type Issue, type JobRequestInput, mintRef, open, seal } from '@anchorleg/shared'
import type { Definition, JobOptions } from './definition.js'
import { InvalidJobError } from './errors.js'
import { deepest, isRecord, newIssues, type Opt, show } from './options.js'
import type { types } from './relay.js'
import { type Checked, keysOf, sentenceOf, validate } from './schema.js'
import { type UniqueOptions, uniqueOf } from './unique.js'

/** The options of one job; each takes the place of its definition's. */
export type NewOptions = JobOptions &
  Opt<{
    /** The job's ref, a UUID in lower case; minted where absent. */
    ref: string
    /** Seconds from the moment the hub stores the job. */
    scheduleIn: number
    /** When the job is due, instead of `scheduleIn`. */
    scheduledAt: Date
  }>

/**
 * A job that may be submitted, once or again: the same object under the same ref is the same job. Frozen plain data that
 * holds its args as they were when it was made.
 */
export interface NewJob<T = any, P = any, C = any> {
  readonly ref: string
  readonly name: string
  readonly [types]?: () => [T, P, C]
}

/** Where a job keeps what cannot be plain data. A copy that lost it is submitted unvalidated; its worker validates anyway. */
const origin = Symbol.for('anchorleg.job')

interface Origin {
  readonly definition: Definition
  /** Why the args could not be sealed. */
  readonly trouble?: EncodeError
  /** The job itself, where all its options are its definition's and so are valid: a changed copy is another object. */
  asDefined?: NewJob
}

type Request = Omit<JobRequestInput, 'want'>
type PlainJob = Omit<Request, 'unique'> & { readonly unique?: UniqueOptions; readonly [origin]?: Origin }

/** Makes a job of a definition: it seals the args and checks nothing yet. */
export function makeJob(definition: Definition, args: unknown, options?: NewOptions): NewJob {
  const sealed = trySeal(args)
  if (options === undefined && definition.isPlain && typeof sealed === 'string') return makePlainJob(definition, sealed)
  const { ref = mintRef(), scheduledAt, ...own } = options ?? {}
  const job = {
    ref,
    name: definition.name,
    ...definition.options,
    ...frozenOptions(own),
    ...(scheduledAt !== undefined && { scheduledAt: scheduledAt instanceof Date ? scheduledAt.getTime() : scheduledAt }),
    codec: codecTag,
    ...(typeof sealed === 'string' && { args: sealed }),
    [origin]: typeof sealed === 'string' ? { definition } : { definition, trouble: sealed },
  }
  // JSON has no Infinity: what is absent has no end.
  if (job.timeout === Number.POSITIVE_INFINITY) delete job.timeout
  if (job.unique?.period === Number.POSITIVE_INFINITY) job.unique = Object.freeze({ ...job.unique, period: undefined })
  return Object.freeze(job)
}

/** The usual job: one that says nothing its definition does not. */
function makePlainJob(definition: Definition, args: string): NewJob {
  const from: Origin = { definition }
  const job = { ref: mintRef(), name: definition.name, ...definition.options, codec: codecTag, args, [origin]: from }
  from.asDefined = job
  return Object.freeze(job)
}

/** Options as they are kept: those given, copied and frozen. */
export function frozenOptions<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([key, value]) => [key, frozenCopy(value)])) as never
}

/** A copy of plain data that nobody can change afterwards; what is deeper than any option may be is left as it is. */
function frozenCopy(value: unknown, depth = 0): unknown {
  if (depth > deepest) return value
  if (Array.isArray(value)) return Object.freeze(value.map((part) => frozenCopy(part, depth + 1)))
  if (!isRecord(value)) return value
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, frozenCopy(part, depth + 1)])))
}

function trySeal(value: unknown): string | EncodeError {
  try {
    return seal(value)
  } catch (error) {
    return error as EncodeError
  }
}

/**
 * What is sent for a job, once its options and args are found valid; at once where its schema validates at once.
 * The args are validated as the worker will decode them.
 * @throws {InvalidJobError} or rejects with it
 */
export function requestOf(job: NewJob): Request | Promise<Request> {
  const made = job as NewJob & PlainJob
  if (made[origin]?.asDefined === job) return checked(made, made)
  const { [origin]: from, args, codec, ...options } = made
  const issues = newIssues(options)
  const name = from?.definition.name ?? options.name
  if (options.name !== name) issues.push({ path: ['name'], message: `unknown option: the definition names the job ${show(name)}` })
  const argsIssue = typeof args === 'string' && typeof codec === 'string' ? undefined : unsealed(from?.trouble)
  if (issues.length > 0 || argsIssue) throw invalid(job, issues, argsIssue ? [argsIssue] : [])
  return checked(made, { ...options, codec, args } as PlainJob)
}

/** What is sent, once the args are found valid. */
function checked(job: NewJob & PlainJob, sent: PlainJob): Request | Promise<Request> {
  const schema = job[origin]?.definition.args
  if (!schema && !sent.unique) return sent as Request
  let request = sent as Request
  const settle = (checked: Checked): Request => {
    if ('issues' in checked) throw invalid(job, [], checked.issues)
    return request
  }
  try {
    const opened = open(sent.args, sent.codec)
    if (sent.unique) request = withUnique(sent, opened)
    const checked = validate(schema, opened)
    return checked instanceof Promise ? checked.then(settle, (error: unknown) => settle(thrown(error))) : settle(checked)
  } catch (error) {
    return settle(thrown(error))
  }
}

function withUnique({ unique, ...plain }: PlainJob, args: unknown): Request {
  return unique ? { ...plain, unique: uniqueOf(unique, { ...plain, args }) } : plain
}

function unsealed(trouble: EncodeError | undefined): Issue {
  return trouble ? { path: keysOf(trouble.path), message: trouble.message } : { path: [], message: 'expected a job made by new()' }
}

/** A schema that throws refuses the args too. */
function thrown(error: unknown): Checked {
  if (error instanceof InvalidJobError) throw error
  return { issues: [{ path: [], message: `the schema threw: ${error instanceof Error ? error.message : String(error)}` }] }
}

function invalid({ name, ref }: NewJob, options: readonly Issue[], args: readonly Issue[]): InvalidJobError {
  const reasons = [sentenceOf(options), sentenceOf(args, 'args')].filter(Boolean).join('; ')
  return new InvalidJobError(`The job "${name}" is invalid: ${reasons}`, [...options, ...args], { ref })
}
