import { discard } from '@anchorleg/client/worker'
import sharp, { type Sharp } from 'sharp'
import type { Picture } from '../jobs.js'

/** Bytes that no worker will ever be able to read as a picture, with the reason in words for people. */
class Unreadable extends Error {}

/** Opens an encoded picture, turned upright. @throws {Unreadable} when it is none */
export async function readNegative(bytes: Uint8Array): Promise<{ image: Sharp; width: number; height: number; format: string }> {
  const image = sharp(bytes, { limitInputPixels: 200_000_000 }).autoOrient()
  try {
    const { autoOrient, format } = await image.metadata()
    return { image, width: autoOrient.width, height: autoOrient.height, format }
  } catch (error) {
    throw new Unreadable(looksLikeText(bytes) ? 'This is a text file, not a picture, whatever its name says.' : inWords(error), { cause: error })
  }
}

/** A handler that discards its job, instead of trying it again, when the bytes are not a picture. */
export function fromNegative<Args, Result, Ctx>(develop: (args: Args, ctx: Ctx) => Promise<Result>) {
  return async (args: Args, ctx: Ctx) => {
    try {
      return await develop(args, ctx)
    } catch (error) {
      if (error instanceof Unreadable) return discard(error.message)
      throw error
    }
  }
}

/** Ends a pipeline as an encoded picture. */
export async function print(image: Sharp, mime: Picture['mime'], quality = 82): Promise<Picture> {
  const encoded = mime === 'image/webp' ? image.webp({ quality }) : image.jpeg({ quality })
  const { data, info } = await encoded.toBuffer({ resolveWithObject: true })
  return { bytes: new Uint8Array(data), mime, width: info.width, height: info.height }
}

function looksLikeText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 512)
  return start.length > 0 && start.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d)
}

function inWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  if (message.includes('unsupported image format')) return 'This file is not a picture of any kind we can read.'
  return `This picture cannot be read: ${message}.`
}
