import type { Issue } from '@anchorleg/shared'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** A schema of any library that speaks Standard Schema. */
export type Schema<Input = any, Output = any> = StandardSchemaV1<Input, Output>

/** The type a schema takes; `Else` where there is none. */
export type In<S, Else> = S extends Schema ? StandardSchemaV1.InferInput<S> : Else
/** The type a schema gives; `Else` where there is none. */
export type Out<S, Else> = S extends Schema ? StandardSchemaV1.InferOutput<S> : Else

export type Checked = { readonly value: unknown } | { readonly issues: readonly Issue[] }

/** A schema for types alone: it checks nothing. */
export function type<T>(): StandardSchemaV1<T, T> {
  return { '~standard': { version: 1, vendor: 'anchorleg', validate: pass } }
}

const pass = (value: any) => ({ value })

/** A schema where it may refuse or change a value: one for types alone need not be asked. */
export function checking(schema: Schema | undefined): Schema | undefined {
  return schema?.['~standard'].validate === pass ? undefined : schema
}

/** Validates with a schema; at once where the schema does. Throws or rejects only with what the schema itself throws. */
export function validate(schema: Schema | undefined, value: unknown): Checked | Promise<Checked> {
  if (!schema) return { value }
  const result = schema['~standard'].validate(value)
  return 'then' in result ? result.then(checkedOf) : checkedOf(result)
}

function checkedOf(result: StandardSchemaV1.Result<unknown>): Checked {
  if (!result.issues) return { value: result.value }
  return { issues: result.issues.map(({ path, message }) => ({ path: (path ?? []).map(keyOf), message })) }
}

function keyOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'symbol' ? String(key) : key
}

/** Issues in one line: `args.user.name: expected a string; args.age: …`. */
export function sentenceOf(issues: readonly Issue[], root = ''): string {
  return issues.map(({ path, message }) => `${pathOf(path, root)}${message}`).join('; ')
}

function pathOf(path: readonly (string | number)[], root: string): string {
  let text = root
  for (const key of path) text += typeof key === 'number' ? `[${key}]` : text ? `.${key}` : key
  return text && `${text}: `
}

/** `.get(mapKey)`, `.name`, `[index]` or `["quoted name"]`. */
const segments = /\.get\((.*?)\)(?=[.[]|$)|\.([\p{ID_Continue}$]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/gu

/** The path that the codec writes, `.user["first name"][0]`, as a list of keys. */
export function keysOf(path: string): (string | number)[] {
  const keys: (string | number)[] = []
  for (const [, mapKey, name, index, quoted] of path.matchAll(segments))
    keys.push(index === undefined ? (mapKey ?? name ?? quoted ?? '') : Number(index))
  return keys
}
