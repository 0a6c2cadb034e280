const MiB = 1024 * 1024

/** What a hub tells its peers about sizes, in UTF-8 bytes of the encoded value or of the whole frame. */
export interface Limits {
  readonly argsBytes: number
  readonly resultBytes: number
  readonly frameBytes: number
  /** Entries in one message. */
  readonly batch: number
}

/** What one attempt may emit: chunks, and UTF-8 bytes of all of them together. */
export const chunkBounds = { count: 100_000, bytes: 16 * 1024 * 1024 } as const

/** UTF-8 bytes of one encoded progress value. */
export const progressBytes = 64 * 1024

export const defaultLimits = { argsBytes: MiB, resultBytes: MiB, batch: 10_000 } as const

/** Room in a frame for everything beside the two sealed strings of an entry: names, meta, tags, a stack. */
const frameSlack = 64 * 1024

/**
 * The largest frame a hub with these limits must take: a sealed value is a JSON string inside a JSON frame, and
 * escaping its quotes and backslashes can double it.
 */
export function frameBytesFor(limits: { readonly argsBytes: number; readonly resultBytes: number }): number {
  return 2 * Math.max(limits.argsBytes, limits.resultBytes) + 2 * frameSlack
}

const encoder = new TextEncoder()

/** The UTF-8 length of a string in bytes. */
export function byteLength(text: string): number {
  return encoder.encode(text).length
}

/** Whether a string takes at most so many bytes as UTF-8; counts them only where its length leaves that open. */
export function fits(text: string, bytes: number): boolean {
  return text.length * 3 <= bytes || (text.length <= bytes && byteLength(text) <= bytes)
}

/** An upper bound of the bytes a sealed value takes inside a frame, where each may need an escape. */
export function frameShare(sealed: string): number {
  return sealed.length < 1024 ? 6 * sealed.length : 2 * byteLength(sealed)
}

/**
 * Cuts a list into lists that each fit a frame: at most `batch` entries, and at most `frameBytes` bytes by `weigh`,
 * with one entry always going alone if it must.
 */
export function cutIntoFrames<T>(items: readonly T[], limits: Pick<Limits, 'frameBytes' | 'batch'>, weigh: (item: T) => number): T[][] {
  const frames: T[][] = []
  let frame: T[] = []
  let weight = 0
  for (const item of items) {
    const share = weigh(item)
    if (frame.length > 0 && (frame.length >= limits.batch || weight + share > limits.frameBytes)) {
      frames.push(frame)
      frame = []
      weight = 0
    }
    frame.push(item)
    weight += share
  }
  if (frame.length > 0) frames.push(frame)
  return frames
}
