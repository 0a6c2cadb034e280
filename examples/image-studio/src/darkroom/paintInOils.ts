import { setTimeout as dry } from 'node:timers/promises'
import type { ArgsOf } from '@anchorleg/client'
import type { Context } from '@anchorleg/client/worker'
import sharp, { type Sharp } from 'sharp'
import type { Band, oilPainting, Picture, Step } from '../jobs.js'
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
const bandsPerCoat = 8

/**
 * Paints a picture with four brushes, the broad one first, and lets each coat dry, band by band. Tells how far it is, and hands
 * out each band while it is wet. Stops when the signal aborts.
 */
export async function paintInOils(
  { bytes, dryingSeconds }: ArgsOf<typeof oilPainting>,
  { signal, progress, emit }: Pick<Context<Step, Band>, 'signal' | 'progress' | 'emit'>,
): Promise<Picture> {
  const { image } = await readNegative(bytes)
  const model = await image.flatten({ background: '#fff' }).resize(canvasWidth, canvasWidth, { fit: 'inside' }).png().toBuffer()
  let canvas = await primed(model)
  for (const [index, coat] of coats.entries()) {
    const doing = `coat ${index + 1} of ${coats.length}`
    progress({ share: index / coats.length, doing })
    const guide = await rasterOf(sharp(model).blur(coat.brush * 0.4))
    const strokes = Buffer.from(coatOfPaint(canvas, guide, coat))
    canvas = await rasterOf(onto(canvas).composite([{ input: strokes, left: 0, top: 0 }]))
    for (let band = 0; band < bandsPerCoat; band++) {
      await emit(await bandOf(canvas, band))
      progress({ share: (index + (band + 1) / bandsPerCoat) / coats.length, doing })
      await dry((dryingSeconds * 1000) / bandsPerCoat, undefined, { signal })
    }
  }
  return print(onto(canvas), 'image/jpeg', 86)
}

async function bandOf(canvas: Raster, band: number): Promise<Band> {
  const { width, height } = canvas
  const top = Math.floor((height * band) / bandsPerCoat)
  const cut = onto(canvas).extract({ left: 0, top, width, height: Math.max(1, Math.floor((height * (band + 1)) / bandsPerCoat) - top) })
  return { ...(await print(cut, 'image/webp', 76)), top, canvas: { width, height } }
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
