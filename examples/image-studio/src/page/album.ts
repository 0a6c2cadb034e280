/** What is asked of the workers for one frame. */
export type Task = 'thumbnail' | 'palette' | 'sizes' | 'painting' | 'print'

/** A picture on the table. The refs are all it takes to get its results again, so they are all that is kept. */
export interface Frame {
  readonly name: string
  /** Of the file that was dropped, in bytes. */
  readonly size: number
  readonly refs: { [task in Task]?: string }
}

/** The latest contact sheet: its job's ref, how many frames are on it, and the names of those that are not. */
export interface Sheet {
  readonly ref: string
  readonly count: number
  readonly leftOut: readonly string[]
}

const key = 'anchorleg.studio'

/** What lies on the table, kept from one visit to the next. */
export class Album {
  readonly frames: Frame[]
  sheet: Sheet | undefined

  constructor(readonly onChange: () => void) {
    const kept = keptAlbum()
    this.frames = kept?.frames ?? []
    this.sheet = kept?.sheet
  }

  /** Must be called after every change, and before a job whose ref has been noted is handed over. */
  keep(): void {
    localStorage.setItem(key, JSON.stringify({ frames: this.frames, sheet: this.sheet }))
    this.onChange()
  }
}

function keptAlbum(): { frames: Frame[]; sheet?: Sheet } | undefined {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return isAlbum(kept) ? kept : undefined
  } catch {
    return undefined // what is kept there is not ours: start with an empty table
  }
}

function isAlbum(value: unknown): value is { frames: Frame[]; sheet?: Sheet } {
  if (typeof value !== 'object' || value === null || !('frames' in value) || !Array.isArray(value.frames)) return false
  return value.frames.every((frame) => typeof frame?.name === 'string' && typeof frame.refs === 'object')
}
