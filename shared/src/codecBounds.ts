/** Bounds of a value, kept when sealing and checked again before a sealed one is built up. */
export const valueBounds = {
  /** Containers inside one another. */
  depth: 1_000,
  /** Distinct values: every object, array, string, number … once. */
  nodes: 2_000_000,
  /** Length of all sparse arrays together, which a few bytes can claim. */
  sparseLength: 1_000_000,
  /** Digits of one BigInt: reading and printing them takes more than linear time. */
  digits: 100_000,
  /** Characters of all regular expressions together: a few of them can take a minute, and a gigabyte, to be understood. */
  patterns: 10_000,
  /** Characters of a URL's host, which takes quadratic time to be written in ASCII. */
  host: 4_096,
} as const

/** What devalue writes for a sparse array, before its length and its pairs of index and reference. */
const sparse = -7

const views = /^(?:(?:U?int(?:8|16|32)|Uint8Clamped|Float(?:16|32|64)|Big(?:Ui|I)nt64)Array|DataView)$/i

/** A URL with a long host that would be translated, or with characters that `href` never has, and that are dropped before it is read. */
const costly = new RegExp(`^(?:https?|wss?|ftp|file):[/\\\\]*[^/\\\\?#]{${valueBounds.host + 1}}|[\\0- ]`, 'i')

/**
 * Checks devalue's flat form, a list in which containers refer to their parts by number, before anything is built from
 * it. It walks the way devalue would build, so that the depth found is the depth of its recursion.
 * Returns what is out of bounds, or undefined.
 */
export function beyondBounds(flat: unknown): string | undefined {
  if (!Array.isArray(flat)) return undefined
  if (flat.length > valueBounds.nodes) return `more than ${valueBounds.nodes} parts`
  // Few parts, each of which adds a level at most, need no walk, unless there is one that does not begin with a reference.
  if (flat.length <= valueBounds.depth && !flat.some((node) => Array.isArray(node) && !(node[0] >= 0))) return undefined
  const seen = new Uint8Array(flat.length)
  const path: { references: readonly unknown[]; next: number }[] = []
  const spent: Spent = { sparseLength: 0, patterns: 0 }

  const enter = (index: unknown): string | undefined => {
    if (typeof index !== 'number' || !(index >= 0 && index < flat.length) || seen[index]) return undefined
    seen[index] = 1
    const node: unknown = flat[index]
    if (typeof node !== 'object' || node === null) return undefined
    if (path.length >= valueBounds.depth) return `more than ${valueBounds.depth} levels`
    const trouble = Array.isArray(node) ? tooCostly(node, spent) : undefined
    if (!trouble) path.push({ references: referencesOf(node), next: 0 })
    return trouble
  }

  let trouble = enter(0)
  for (let top = path.at(-1); top && !trouble; top = path.at(-1)) {
    if (top.next < top.references.length) trouble = enter(top.references[top.next++])
    else path.pop()
  }
  return trouble
}

/** What counts over the whole value. */
interface Spent {
  sparseLength: number
  patterns: number
}

/** Whether to build this one part would cost out of proportion to its text. What is not as devalue writes it is left to devalue to refuse. */
function tooCostly(node: readonly unknown[], spent: Spent): string | undefined {
  const [kind, content] = node
  const length = lengthOf(content)
  switch (kind) {
    case sparse:
      spent.sparseLength += Math.abs(Number(content))
      return within(spent.sparseLength, valueBounds.sparseLength, 'sparse arrays')
    case 'BigInt':
      return within(length, valueBounds.digits, 'an integer')
    case 'RegExp':
      spent.patterns += length
      return within(spent.patterns, valueBounds.patterns, 'regular expressions')
    case 'URL':
      return typeof content === 'string' && !costly.test(content) ? undefined : within(length, valueBounds.host, 'a URL with a host')
    default:
      return undefined
  }
}

function within(length: number, bound: number, what: string): string | undefined {
  return length <= bound ? undefined : `${what} longer than ${bound}`
}

/** The length of the text that a constructor is given; what is no text it would turn into some, of any length. */
function lengthOf(content: unknown): number {
  if (typeof content === 'string') return content.length
  return typeof content === 'object' && content !== null ? Number.POSITIVE_INFINITY : 0
}

/** The numbers by which one container of the flat form refers to its parts. */
function referencesOf(node: object): readonly unknown[] {
  if (!Array.isArray(node)) return Object.values(node)
  if (node[0] === sparse) return node.filter((_, i) => i > 2 && i % 2 === 1)
  if (typeof node[0] === 'string' && views.test(node[0])) return [node[1]]
  return node
}
