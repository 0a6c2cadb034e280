import { setTimeout as dry } from 'node:timers/promises'
import sharp, { type Sharp } from 'sharp'
import type { Picture } from '../jobs.js'
import { type Coat, coatOfPaint, type Raster } from './coatOfPaint.js'
import { print, readNegative } from './negative.js'

/** The first coat covers the whole canvas. */
const coats: Coat[] = [
  { brush: 28, tolerance: 0 },
  { brush: 14, tolerance: 20 },
  { brush: 7, tolerance: 18 },
  { brush: 4, tolerance: 22 },
]
const canvasWidth = 960

/** Paints a picture with four brushes, the broad one first, and lets each coat dry. Stops when the signal aborts. */
export async function paintInOils(bytes: Uint8Array, dryingSeconds: number, signal: AbortSignal): Promise<Picture> {
  const { image } = await readNegative(bytes)
  const model = await image.flatten({ background: '#fff' }).resize(canvasWidth, canvasWidth, { fit: 'inside' }).png().toBuffer()
  let canvas = await primed(model)
  for (const coat of coats) {
    const guide = await rasterOf(sharp(model).blur(coat.brush * 0.4))
    const strokes = Buffer.from(coatOfPaint(canvas, guide, coat))
    canvas = await rasterOf(onto(canvas).composite([{ input: strokes, left: 0, top: 0 }]))
    await dry(dryingSeconds * 1000, undefined, { signal })
  }
  return print(onto(canvas), 'image/jpeg', 86)
}

/** A canvas in the picture's mean colour, as painters prime theirs. */
async function primed(model: Buffer): Promise<Raster> {
  const { channels } = await sharp(model).stats()
  const { width, height } = await sharp(model).metadata()
  const [r = 0, g = 0, b = 0] = channels.map(({ mean }) => mean)
  return rasterOf(sharp({ create: { width, height, channels: 3, background: { r, g, b } } }))
}

async function rasterOf(image: Sharp): Promise<Raster> {
  const { data, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data, width: info.width, height: info.height }
}

const onto = ({ data, width, height }: Raster) => sharp(data, { raw: { width, height, channels: 3 } })
