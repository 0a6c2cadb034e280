/** Bounds of a value, kept when sealing and checked again before a sealed one is built up. */
export const valueBounds = {
  /** Containers inside one another. */
  depth: 1_000,
  /** Distinct values: every object, array, string, number … once. */
  nodes: 2_000_000,
  /** Length of a sparse array, which a few bytes can claim. */
  sparseLength: 1_000_000,
} as const

/** What devalue writes for a sparse array, before its length and its pairs of index and reference. */
const sparse = -7

const views = /^(?:(?:U?int(?:8|16|32)|Uint8Clamped|Float(?:16|32|64)|Big(?:Ui|I)nt64)Array|DataView)$/i

/**
 * Checks devalue's flat form, a list in which containers refer to their parts by number, before anything is built from
 * it. It walks the way devalue would build, so that the depth found is the depth of its recursion.
 * Returns what is out of bounds, or undefined.
 */
export function beyondBounds(flat: unknown): string | undefined {
  if (!Array.isArray(flat)) return undefined
  if (flat.length > valueBounds.nodes) return `more than ${valueBounds.nodes} parts`
  const seen = new Uint8Array(flat.length)
  const path: { references: readonly unknown[]; next: number }[] = []

  const enter = (index: unknown): string | undefined => {
    if (typeof index !== 'number' || !(index >= 0 && index < flat.length) || seen[index]) return undefined
    seen[index] = 1
    const node: unknown = flat[index]
    if (typeof node !== 'object' || node === null) return undefined
    if (path.length >= valueBounds.depth) return `more than ${valueBounds.depth} levels`
    if (Array.isArray(node) && node[0] === sparse && !(node[1] <= valueBounds.sparseLength)) {
      return `a sparse array longer than ${valueBounds.sparseLength}`
    }
    path.push({ references: referencesOf(node), next: 0 })
    return undefined
  }

  let trouble = enter(0)
  for (let top = path.at(-1); top && !trouble; top = path.at(-1)) {
    if (top.next < top.references.length) trouble = enter(top.references[top.next++])
    else path.pop()
  }
  return trouble
}

/** The numbers by which one container of the flat form refers to its parts. */
function referencesOf(node: object): readonly unknown[] {
  if (!Array.isArray(node)) return Object.values(node)
  if (node[0] === sparse) return node.filter((_, i) => i > 2 && i % 2 === 1)
  if (typeof node[0] === 'string' && views.test(node[0])) return [node[1]]
  return node
}
