/** Bounds of the wait before another try, in ms. */
const shortest = 100
const longest = 2_000

/**
 * Milliseconds to wait before try number `tries` + 1: about 100 ms, doubling up to 2 s, less up to half by chance, so that
 * the peers of a hub that comes back do not come all at once.
 */
export function backoff(tries: number, random: () => number = Math.random): number {
  const full = Math.min(shortest * 2 ** tries, longest)
  return full * (1 - random() / 2)
}

/** One of so many, by chance. */
export function anyOf(count: number, random: () => number = Math.random): number {
  return Math.floor(random() * count)
}
