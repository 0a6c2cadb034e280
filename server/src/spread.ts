import type { Histogram, LabelValues } from 'prom-client'

/** How values are spread over bounds: how many fell up to each. Counting one is cheap, for what comes with every job. */
export class Spread {
  readonly #counts: number[]
  #sum = 0

  constructor(private readonly bounds: readonly number[]) {
    // The last counts what is beyond every bound.
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  add(value: number): void {
    let place = 0
    while (value > (this.bounds[place] ?? Number.POSITIVE_INFINITY)) place += 1
    this.#counts[place] = (this.#counts[place] as number) + 1
    this.#sum += value
  }

  /** What a histogram in Prometheus' text format says of it under these labels: nothing as long as it has counted nothing. */
  samples(name: string, labels: LabelValues<string>): Sample[] {
    let count = 0
    const buckets = this.#counts.map((each, place): Sample => {
      count += each
      return { metricName: `${name}_bucket`, labels: { le: this.bounds[place] ?? '+Inf', ...labels }, value: count }
    })
    if (count === 0) return []
    return [...buckets, { metricName: `${name}_sum`, labels, value: this.#sum }, { metricName: `${name}_count`, labels, value: count }]
  }
}

type Sample = Awaited<ReturnType<Histogram['get']>>['values'][number]

/** A histogram whose values are counted elsewhere. A registry asks a metric for no more than this; the rest of it is for counting. */
export function histogramOf(about: { readonly name: string; readonly help: string }, samples: () => Sample[]): Histogram {
  const get = async () => ({ ...about, type: 'histogram', values: samples() })
  return { name: about.name, get } as unknown as Histogram
}
