/** Entries that are asked for together: few as long as it is not known how large their answers are. */
const fewest = 64
const most = 512

/** Characters of answers that are good to have at once. */
const fair = 1024 * 1024

interface Terms<Asked, Told, Taken> {
  readonly ask: (part: readonly Asked[]) => Promise<Told[]>
  /** About how many characters an answer has. */
  readonly weigh: (told: Told) => number
  readonly take: (told: readonly Told[], part: readonly Asked[]) => Taken[]
  /** Called between two parts, with the characters of all answers so far. */
  readonly pause?: (weight: number) => Promise<void> | void
  /** How many come first. */
  readonly first?: number
  /** How many characters of answers are good to have at once. */
  readonly good?: number
}

/**
 * Asks for a long list part by part, one after the other: what others ask meanwhile comes in between, and no more is read from
 * the store at once than is good to have.
 */
export async function inParts<Asked, Told, Taken>(
  entries: readonly Asked[],
  { ask, weigh, take, pause, first = fewest, good = fair }: Terms<Asked, Told, Taken>,
): Promise<Taken[]> {
  if (entries.length <= first) return take(await ask(entries), entries)
  const taken: Taken[] = []
  let weight = 0
  for (let size = first, next = 0; next < entries.length; ) {
    if (next > 0) await pause?.(weight)
    const part = entries.slice(next, next + size)
    const told = await ask(part)
    const heavy = told.reduce((sum, each) => sum + weigh(each), 0)
    for (const each of take(told, part)) taken.push(each)
    next += size
    weight += heavy
    size = Math.max(1, Math.min(most, Math.floor((size * good) / Math.max(1, heavy))))
  }
  return taken
}
