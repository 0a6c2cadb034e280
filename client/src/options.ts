import { type Issue, isName, isRef, type Json, jobBounds, jobStates } from '@anchorleg/shared'

/** Optional fields that callers under `exactOptionalPropertyTypes` may also give as undefined. */
export type Opt<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** What a value should be, in words; undefined when it is that. */
export type Check = (value: unknown) => string | undefined

const check =
  (test: (value: unknown) => boolean, wanted: string): Check =>
  (value) =>
    test(value) ? undefined : wanted

const isNumber = (value: unknown): value is number => typeof value === 'number' && !Number.isNaN(value)

export const integer = (min: number, max: number): Check =>
  check((value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max, `an integer from ${min} to ${max}`)

export const text = (max: number): Check =>
  check((value) => typeof value === 'string' && value.length >= 1 && value.length <= max && isName(value), `text of 1 to ${max} characters`)

export const seconds = (max: number): Check => check((value) => isNumber(value) && value >= 0 && value <= max, `seconds from 0 to ${max}`)

/** Milliseconds that a wait may last; Infinity too. */
export const milliseconds: Check = check((value) => isNumber(value) && value >= 0, 'milliseconds from 0 to Infinity')

export const signal: Check = check((value) => value === undefined || value instanceof AbortSignal, 'an AbortSignal')

export const boolean: Check = check((value) => typeof value === 'boolean', 'a boolean')

export const lifetime: Check = check((value) => isNumber(value) && value > 0, 'milliseconds above 0, or Infinity')

const tags: Check = check(
  (value) => Array.isArray(value) && value.length <= jobBounds.tags && value.every((tag) => !text(jobBounds.tag)(tag)),
  `a list of at most ${jobBounds.tags} tags of 1 to ${jobBounds.tag} characters`,
)

const meta: Check = check(
  (value) => isRecord(value) && isJson(value) && JSON.stringify(value).length <= jobBounds.meta,
  `an object of plain JSON of at most ${jobBounds.meta} characters`,
)

const moment: Check = check((value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 8.64e15, 'a valid Date from 1970 on')

const listOf = (names: readonly string[]): Check =>
  check((value) => Array.isArray(value) && value.length > 0 && value.every((each) => names.includes(each)), `a list of ${names.join(', ')}`)

/** What of a job may make it like another. */
export const uniqueFields = ['name', 'queue', 'args', 'meta', 'tags', 'priority'] as const

const uniqueChecks = {
  fields: listOf(uniqueFields),
  keys: check((value) => Array.isArray(value) && value.every((key) => typeof key === 'string'), 'a list of keys'),
  period: check(
    (value) => isNumber(value) && value > 0 && (value <= jobBounds.scheduleIn || value === Number.POSITIVE_INFINITY),
    `seconds above 0 and up to ${jobBounds.scheduleIn}, or Infinity`,
  ),
  states: listOf(jobStates),
}

/** How options must be; those in an option, by a record of their own. */
interface Checks {
  readonly [option: string]: Check | Checks
}

const definitionChecks: Checks = {
  name: text(jobBounds.name),
  queue: text(jobBounds.queue),
  priority: integer(0, jobBounds.priority),
  maxAttempts: integer(1, jobBounds.maxAttempts),
  timeout: lifetime,
  tags,
  meta,
  unique: uniqueChecks,
}

const newChecks: Checks = {
  ...definitionChecks,
  ref: check(isRef, 'a UUID in lower case'),
  scheduleIn: seconds(jobBounds.scheduleIn),
  scheduledAt: moment,
}

/** What is wrong with the options of a definition; those undefined count as absent. */
export function definitionIssues(options: Readonly<Record<string, unknown>>): Issue[] {
  return issuesOf(options, definitionChecks)
}

/** What is wrong with the options of one job. */
export function newIssues(options: Readonly<Record<string, unknown>>): Issue[] {
  const issues = issuesOf(options, newChecks)
  if (options.scheduleIn !== undefined && options.scheduledAt !== undefined) {
    issues.push({ path: ['scheduledAt'], message: 'expected either scheduleIn or scheduledAt, got both' })
  }
  return issues
}

function issuesOf(options: Readonly<Record<string, unknown>>, checks: Checks, above: readonly string[] = []): Issue[] {
  const issues: Issue[] = []
  for (const key of Object.keys(options)) {
    const value = options[key]
    if (value === undefined && key !== 'name') continue
    const path = [...above, key]
    const known = Object.hasOwn(checks, key) ? checks[key] : undefined
    if (typeof known === 'object' && isRecord(value)) {
      issues.push(...issuesOf(value, known, path))
      continue
    }
    const expected = typeof known === 'object' ? check(isRecord, 'an object') : known
    const message = expected ? mismatch(expected, value) : `unknown option: expected one of ${Object.keys(checks).join(', ')}`
    if (message) issues.push({ path, message })
  }
  return issues
}

/** "expected …, got …", or undefined when the value is as it must be. */
export function mismatch(expected: Check, got: unknown): string | undefined {
  const wanted = expected(got)
  return wanted && `expected ${wanted}, got ${show(got)}`
}

/**
 * Keeps one option as it must be.
 * @throws {TypeError} "timeout: expected …, got …"
 */
export function demand(name: string, expected: Check, got: unknown): void {
  const message = mismatch(expected, got)
  if (message) throw new TypeError(`${name}: ${message}`)
}

/**
 * Keeps options to those there are: a misspelt one would be as if it had not been given.
 * @throws {TypeError} "timout: unknown option: expected one of …", "options: expected an object, got …"
 */
export function optionsOf<T extends object>(given: T | undefined, known: readonly (keyof T & string)[]): Partial<T> {
  if (given === undefined) return {}
  if (!isRecord(given)) throw new TypeError(`options: expected an object with ${known.join(', ')}, got ${show(given)}`)
  for (const name of Object.keys(given)) {
    if (!known.includes(name as keyof T & string)) throw new TypeError(`${name}: unknown option: expected one of ${known.join(', ')}`)
  }
  return given
}

/** A value in a message: short, whatever it is. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'symbol':
      return 'a symbol'
    case 'object':
      return value === null ? 'null' : value instanceof Date ? 'an invalid Date' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return String(value)
  }
}

/** An object literal of any realm, or an object without a prototype. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Levels that plain data in an option may have. */
export const deepest = 100

function isJson(value: unknown, depth = 0): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth > deepest) return false
  if (!Array.isArray(value) && !isRecord(value)) return false
  return Object.values(value).every((part) => isJson(part, depth + 1))
}
