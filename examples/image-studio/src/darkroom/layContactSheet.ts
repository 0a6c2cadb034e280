import type { ArgsOf } from '@anchorleg/client'
import type { Context } from '@anchorleg/client/worker'
import sharp, { type OverlayOptions } from 'sharp'
import type { contactSheet, Picture, Step } from '../jobs.js'
import { print } from './negative.js'

const frame = { width: 300, height: 200 }
const gap = 18
const caption = 26
const header = 74
const amber = '#f2a33a'

/** Lays thumbnails out on black film, numbered like the frames of a roll, and prints the sheet. Stops when the signal aborts. */
export async function layContactSheet(
  { title, frames }: ArgsOf<typeof contactSheet>,
  { signal, progress }: Pick<Context<Step>, 'signal' | 'progress'>,
): Promise<Picture> {
  const columns = Math.max(1, Math.min(frames.length, Math.ceil(Math.sqrt(frames.length * 1.2))))
  const rows = Math.ceil(frames.length / columns)
  const width = Math.max(columns * (frame.width + gap) + gap, 520)
  const height = header + rows * (frame.height + caption + gap)
  const left = Math.round((width - columns * (frame.width + gap) + gap) / 2)
  const place = (index: number) => ({
    left: left + (index % columns) * (frame.width + gap),
    top: header + Math.floor(index / columns) * (frame.height + caption + gap),
  })
  const pictures: OverlayOptions[] = []
  for (const [index, { bytes }] of frames.entries()) {
    signal.throwIfAborted()
    progress({ share: index / frames.length, doing: `frame ${index + 1} of ${frames.length}` })
    pictures.push(await exposed(bytes, place(index)))
  }
  const words = frames.map(({ name }, index) => captionOf(`${index + 1}`, name, place(index)))
  const heading = `<text x="${left}" y="46" font-size="26" font-weight="700" fill="#f6efe6">${escaped(shorten(title, 40))}</text>`
  const count = `<text x="${width - left}" y="46" font-size="15" text-anchor="end" fill="${amber}">${frames.length} FRAMES</text>`
  const lettering = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif">${heading}${count}${words.join('')}</svg>`
  const film = sharp({ create: { width, height, channels: 3, background: '#12100f' } })
  return print(film.composite([...pictures, { input: Buffer.from(lettering), left: 0, top: 0 }]), 'image/jpeg', 88)
}

async function exposed(bytes: Uint8Array, at: { left: number; top: number }): Promise<OverlayOptions> {
  const input = await sharp(bytes)
    .resize(frame.width, frame.height, { fit: 'contain', background: '#1f1b19' })
    .flatten({ background: '#1f1b19' })
    .png()
    .toBuffer()
  return { input, ...at }
}

function captionOf(number: string, name: string, { left, top }: { left: number; top: number }): string {
  const y = top + frame.height + 18
  const count = `<text x="${left}" y="${y}" font-size="13" font-weight="700" fill="${amber}">▸ ${number}</text>`
  return `${count}<text x="${left + frame.width}" y="${y}" font-size="12" text-anchor="end" fill="#a89c92">${escaped(shorten(name, 34))}</text>`
}

const shorten = (text: string, length: number) => (text.length <= length ? text : `${text.slice(0, length - 1)}…`)

const escaped = (text: string) =>
  text.replace(/[<>&"']/g, (found) => `&#${found.charCodeAt(0)};`).replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
