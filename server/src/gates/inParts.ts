/** Entries that are asked for together: few as long as it is not known how large their answers are. */
const fewest = 64
const most = 512

/** Characters of answers that are good to have at once. */
const good = 1024 * 1024

interface Terms<Asked, Told> {
  readonly ask: (part: readonly Asked[]) => Promise<Told[]>
  /** About how many characters an answer has. */
  readonly weigh: (told: Told) => number
  /** Called between two parts, with the characters of all answers so far. */
  readonly pause?: (weight: number) => Promise<void> | void
}

/**
 * Asks for a long list part by part, one after the other: what others ask meanwhile comes in between, and no more is read from
 * the store at once than is good to have.
 */
export async function inParts<Asked, Told>(entries: readonly Asked[], { ask, weigh, pause }: Terms<Asked, Told>): Promise<Told[]> {
  if (entries.length <= fewest) return ask(entries)
  const answers: Told[] = []
  let weight = 0
  for (let size = fewest, next = 0; next < entries.length; ) {
    if (next > 0) await pause?.(weight)
    const told = await ask(entries.slice(next, next + size))
    next += size
    const heavy = told.reduce((sum, each) => sum + weigh(each), 0)
    weight += heavy
    for (const each of told) answers.push(each)
    size = Math.max(1, Math.min(most, Math.floor((size * good) / Math.max(1, heavy))))
  }
  return answers
}
