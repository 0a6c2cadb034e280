import type { Lease } from '@anchorleg/shared'

/** A lease on the board, and how many ms of its run it may be renewed for. */
export interface BoardEntry {
  readonly lease: Lease
  readonly timeout: number
}

/** Bytes of the board's head, of one place, and of that before its text; each a multiple of eight. */
const headBytes = 8
const placeBytes = 208
const textOffset = 16

/** What a place holds, in the last two bits of its state; the rest counts how often that has changed. */
const writing = 1
const filled = 2

/**
 * A board in shared memory: one thread writes on it which leases it holds, another reads that at any time, also while the
 * first is busy. Beside them stands a counter that the first moves on as long as it is well.
 */
export class LeaseBoard {
  readonly #states: Int32Array
  readonly #timeouts: Float64Array
  readonly #text: Buffer

  constructor(readonly memory: SharedArrayBuffer) {
    this.#states = new Int32Array(memory)
    this.#timeouts = new Float64Array(memory)
    this.#text = Buffer.from(memory)
  }

  /** A board with so many places, all empty. */
  static make(places: number): LeaseBoard {
    return new LeaseBoard(new SharedArrayBuffer(headBytes + places * placeBytes))
  }

  get places(): number {
    return (this.memory.byteLength - headBytes) / placeBytes
  }

  /** How often {@link beat} was called. */
  get beats(): number {
    return Atomics.load(this.#states, 0)
  }

  beat(): void {
    Atomics.add(this.#states, 0, 1)
  }

  write(place: number, { lease, timeout }: BoardEntry): void {
    const at = headBytes + place * placeBytes
    this.#move(at, writing)
    this.#timeouts[(at + 8) / 8] = timeout
    const split = this.#text.write(lease.jobId, at + textOffset)
    const end = split + this.#text.write(lease.lease, at + textOffset + split)
    this.#states[(at + 4) / 4] = split * 256 + end
    this.#move(at, filled)
  }

  clear(place: number): void {
    this.#move(headBytes + place * placeBytes, 0)
  }

  /** What is on the board now, but what is being written at this moment: that is fresh. */
  read(): BoardEntry[] {
    const entries: BoardEntry[] = []
    for (let place = 0; place < this.places; place += 1) {
      const at = headBytes + place * placeBytes
      const before = Atomics.load(this.#states, at / 4)
      if ((before & 3) !== filled) continue
      const lengths = this.#states[(at + 4) / 4] as number
      const [split, end] = [at + textOffset + Math.floor(lengths / 256), at + textOffset + (lengths % 256)]
      const lease = { jobId: this.#text.toString('utf8', at + textOffset, split), lease: this.#text.toString('utf8', split, end) }
      const timeout = this.#timeouts[(at + 8) / 8] as number
      if (Atomics.load(this.#states, at / 4) === before) entries.push({ lease, timeout })
    }
    return entries
  }

  #move(at: number, to: number): void {
    const state = Atomics.load(this.#states, at / 4)
    Atomics.store(this.#states, at / 4, ((state & ~3) + 4) | to)
  }
}
