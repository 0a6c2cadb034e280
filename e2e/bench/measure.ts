/** A median with the spread it stands for. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The smallest value that at least a share `q` (0 to 1) of the values does not exceed: the nearest-rank quantile. NaN for no values. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort()
  const rank = Math.max(1, Math.ceil(q * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

/** Median, smallest and largest of some repetitions. For an even number of them the median is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort()
  const at = (index: number) => sorted[index] ?? Number.NaN
  const half = sorted.length / 2
  return { median: (at(Math.ceil(half) - 1) + at(Math.floor(half))) / 2, min: at(0), max: at(sorted.length - 1) }
}
