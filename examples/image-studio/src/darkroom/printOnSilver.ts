import { setTimeout as pass } from 'node:timers/promises'
import type { ArgsOf } from '@anchorleg/client'
import { type Context, error, type Outcome } from '@anchorleg/client/worker'
import sharp, { type Matrix3x3 } from 'sharp'
import type { Picture, Step, silverPrint } from '../jobs.js'
import { print, readNegative } from './negative.js'

const places = ['under the enlarger', 'in the developer', 'in the stop bath', 'in the fixer']
const moments = 10

/** The warm tone of the paper, as shares of red, green and blue. */
const selenium: Matrix3x3 = [
  [0.96, 0, 0],
  [0, 0.92, 0],
  [0, 0, 0.86],
]

/** Where the old darkroom spoils the print, at this share of the way. */
const fuse = { attempt: 1, share: 0.2 }
const door = { attempt: 2, share: 0.6 }

/**
 * Prints a picture on silver paper in the old darkroom: at the first attempt the fuse blows, at the second somebody opens the
 * door. Tells how far it is, and stops when the signal aborts.
 */
export async function printOnSilver(
  { bytes, secondsEach }: ArgsOf<typeof silverPrint>,
  { attempt, signal, progress }: Pick<Context<Step>, 'attempt' | 'signal' | 'progress'>,
): Promise<Picture | Outcome<never>> {
  const { image } = await readNegative(bytes)
  for (let moment = 0; moment < places.length * moments; moment++) {
    const share = moment / (places.length * moments)
    progress({ share, doing: places[Math.floor(moment / moments)] as string })
    if (attempt === fuse.attempt && share >= fuse.share) return error('The fuse of the enlarger blew.')
    if (attempt === door.attempt && share >= door.share) throw new Error('Somebody opened the door.')
    await pass((secondsEach * 1000) / moments, undefined, { signal })
  }
  progress({ share: 1, doing: 'on the line to dry' })
  const grey = image.flatten({ background: '#fff' }).resize(912, 912, { fit: 'inside' }).modulate({ saturation: 0 }).linear(1.2, -14)
  const bordered = await grey.extend({ top: 24, bottom: 24, left: 24, right: 24, background: '#fff' }).png().toBuffer()
  return print(sharp(bordered).recomb(selenium), 'image/jpeg', 88)
}
