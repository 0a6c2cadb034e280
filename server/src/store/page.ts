/** What one answer holds at most, in entries and in bytes of their values; a single larger entry is an answer by itself. */
const most = { entries: 1_000, bytes: 1024 * 1024 } as const

/** Fills one answer from several sources, in order, until it is full. */
export class Page {
  #entries = 0
  #bytes = 0
  #full = false

  constructor(private readonly entries: number = most.entries) {}

  /** Whether something was left out: whatever comes after it is left out too. */
  get full(): boolean {
    return this.#full
  }

  take<T extends object>(source: Iterable<T>): T[] {
    const taken: T[] = []
    if (this.#full) return taken
    for (const entry of source) {
      const bytes = weigh(entry)
      if (this.#entries > 0 && (this.#entries >= this.entries || this.#bytes + bytes > most.bytes)) {
        this.#full = true
        break
      }
      this.#entries += 1
      this.#bytes += bytes
      taken.push(entry)
    }
    return taken
  }
}

/** The bytes of an entry's texts: all else about it is small. */
function weigh(entry: object): number {
  return Object.values(entry).reduce((sum: number, value: unknown) => (typeof value === 'string' ? sum + Buffer.byteLength(value) : sum), 0)
}
