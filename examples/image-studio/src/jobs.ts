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
  ...onTheTable,
})

/** The picture in oils. Each of the four coats of paint has to dry, so this takes four times `dryingSeconds` and some. */
export const oilPainting = defineJob({
  name: 'studio.oilPainting',
  args: type<Bytes & { readonly dryingSeconds: number }>(),
  result: type<Picture>(),
  queue: 'easel',
  maxAttempts: 3,
  timeout: 120_000,
})
