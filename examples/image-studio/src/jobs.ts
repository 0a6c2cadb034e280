import { defineJob, type } from '@anchorleg/client'

/** An encoded picture: the bytes a file of its kind holds. */
export interface Picture {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly mime: 'image/jpeg' | 'image/webp'
  readonly width: number
  readonly height: number
}

/** A small picture, with what is known of the one it was made from. */
export interface Thumbnail extends Picture {
  readonly original: { readonly width: number; readonly height: number; readonly format: string }
}

/** A colour as `#rrggbb`, and the share of the picture it covers, 0 to 1. */
export interface Swatch {
  readonly colour: string
  readonly share: number
}

/** How far a worker has come, 0 to 1, and what it is doing, in words. */
export interface Step {
  readonly share: number
  readonly doing: string
}

/** A band of a canvas on which the paint is still wet. It reaches from edge to edge; `top` is in pixels of the canvas. */
export interface Band extends Picture {
  readonly top: number
  readonly canvas: { readonly width: number; readonly height: number }
}

interface Bytes {
  readonly bytes: Uint8Array<ArrayBuffer>
}

const onTheTable = { queue: 'studio', maxAttempts: 3, timeout: 60_000 } as const

/** A picture of at most 480 × 480. What is not a picture is discarded with a reason in words. */
export const thumbnail = defineJob({ name: 'studio.thumbnail', args: type<Bytes>(), result: type<Thumbnail>(), ...onTheTable })

/** The same picture 480, 960 and 1920 wide, as far as it is that wide itself; smallest first. Nobody waits for these as eagerly. */
export const sizes = defineJob({ name: 'studio.sizes', args: type<Bytes>(), result: type<readonly Picture[]>(), ...onTheTable, priority: 1 })

/** The dominant colours, at most six, the largest share first. */
export const palette = defineJob({ name: 'studio.palette', args: type<Bytes>(), result: type<readonly Swatch[]>(), ...onTheTable })

/** One sheet with many thumbnails, numbered, in the order given. */
export const contactSheet = defineJob({
  name: 'studio.contactSheet',
  args: type<{ readonly title: string; readonly frames: readonly (Bytes & { readonly name: string })[] }>(),
  result: type<Picture>(),
  progress: type<Step>(),
  ...onTheTable,
})

/**
 * The picture in oils, and on the way there every band of every coat, as soon as it is painted. Each of the four coats has to
 * dry, so this takes four times `dryingSeconds` and some.
 */
export const oilPainting = defineJob({
  name: 'studio.oilPainting',
  args: type<Bytes & { readonly dryingSeconds: number }>(),
  result: type<Picture>(),
  progress: type<Step>(),
  chunk: type<Band>(),
  queue: 'easel',
  maxAttempts: 3,
  timeout: 120_000,
})

/**
 * A silver print from the old darkroom, where something goes wrong at the first try and at the second. The paper goes through
 * four places, `secondsEach` in each. Whoever is to try again waits two seconds, then four, and so on.
 */
export const silverPrint = defineJob({
  name: 'studio.silverPrint',
  args: type<Bytes & { readonly secondsEach: number }>(),
  result: type<Picture>(),
  progress: type<Step>(),
  queue: 'darkroom',
  maxAttempts: 5,
  timeout: 60_000,
  backoff: (attempt) => 2 * attempt,
})
