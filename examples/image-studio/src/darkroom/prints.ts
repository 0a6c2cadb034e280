import type { Picture, Thumbnail } from '../jobs.js'
import { print, readNegative } from './negative.js'

/** A picture of at most 480 × 480, with what is known of the original. */
export async function printThumbnail(bytes: Uint8Array): Promise<Thumbnail> {
  const { image, width, height, format } = await readNegative(bytes)
  const small = await print(image.resize(480, 480, { fit: 'inside', withoutEnlargement: true }), 'image/webp')
  return { ...small, original: { width, height, format } }
}

const widths = [480, 960, 1920]

/** The picture at each of our widths that it has itself; a smaller one is printed once, as it is. */
export async function printSizes(bytes: Uint8Array): Promise<Picture[]> {
  const { image, width } = await readNegative(bytes)
  const fitting = widths.filter((one) => one <= width)
  const wanted = fitting.length > 0 ? fitting : [width]
  return Promise.all(wanted.map((one) => print(image.clone().resize({ width: one }), 'image/jpeg')))
}
