/** Text as PostgreSQL takes it: it holds every character but U+0000. That, and the mark itself, become a mark and a letter. */
const mark = '\uE000'
const marked = /[\0\uE000]/
const toPack = /[\0\uE000]/g
const toUnpack = /\uE000[01]/g

/** Makes any text one that a column takes. */
export function pack(text: string): string {
  return marked.test(text) ? text.replace(toPack, (found) => (found === mark ? `${mark}1` : `${mark}0`)) : text
}

/** Gives back what was packed. */
export function unpack(text: string): string {
  return text.includes(mark) ? text.replace(toUnpack, (found) => (found[1] === '1' ? mark : '\0')) : text
}

/** What a statement may be given. A list becomes an array. */
export type Parameter = Scalar | readonly Scalar[]
export type Scalar = string | number | boolean | null | undefined

/**
 * Encodes a parameter.
 * @throws {TypeError} for what no column takes, before anything was sent
 */
export function encode(parameter: Parameter): string | null {
  if (!Array.isArray(parameter)) return encodeScalar(parameter as Scalar)
  let last: Scalar
  let same = 'NULL'
  const parts = (parameter as readonly Scalar[]).map((each) => {
    // What stands in a column often stands there again and again.
    if (each === last) return same
    const text = encodeScalar(each)
    last = each
    same = text === null ? 'NULL' : typeof each === 'string' ? quote(text) : text
    return same
  })
  return `{${parts.join(',')}}`
}

function encodeScalar(value: Scalar): string | null {
  switch (typeof value) {
    case 'string':
      return pack(value)
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`expected a finite number, got ${value}`)
      return String(value)
    case 'boolean':
      return value ? 't' : 'f'
    case 'undefined':
      return null
    default:
      if (value === null) return null
      throw new TypeError(`expected text, a number or a flag, got ${typeof value}`)
  }
}

function quote(text: string): string {
  return special.test(text) ? `"${text.replace(specials, '\\$&')}"` : `"${text}"`
}

const special = /["\\]/
const specials = /["\\]/g
