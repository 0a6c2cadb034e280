import sharp from 'sharp'
import type { Swatch } from '../jobs.js'
import { readNegative } from './negative.js'

const candidates = 32
const colours = 6

/** How far apart two colours may be, of 441, and still look the same. */
const sameColour = 16

interface Paint {
  readonly rgb: readonly number[]
  readonly pixels: number
}

/** The dominant colours of a picture: those its quantised copy is drawn with, the nearest of them mixed until six are left. */
export async function mixPalette(bytes: Uint8Array): Promise<Swatch[]> {
  const { image } = await readNegative(bytes)
  const small = image.flatten({ background: '#fff' }).resize(96, 96, { fit: 'inside' })
  const drawn = await small.png({ palette: true, colours: candidates, dither: 0, effort: 1 }).toBuffer()
  const { data, info } = await sharp(drawn).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  let paints = counted(data)
  for (let mixed = nearestMixed(paints); mixed; mixed = nearestMixed(paints)) paints = mixed
  return paints
    .sort((a, b) => b.pixels - a.pixels)
    .map(({ rgb, pixels }) => ({ colour: `#${rgb.map(inHex).join('')}`, share: pixels / (info.width * info.height) }))
}

function counted(data: Buffer): Paint[] {
  const counts = new Map<number, number>()
  for (let at = 0; at < data.length; at += 3) {
    const rgb = data.readUIntBE(at, 3)
    counts.set(rgb, (counts.get(rgb) ?? 0) + 1)
  }
  return [...counts].map(([rgb, pixels]) => ({ rgb: [rgb >> 16, (rgb >> 8) & 255, rgb & 255], pixels }))
}

/** Mixes the two paints whose mixing loses least; nothing when few enough are left and no two look the same. */
function nearestMixed(paints: readonly Paint[]): Paint[] | undefined {
  let least = { loss: Number.POSITIVE_INFINITY, one: 0, other: 0 }
  for (let one = 0; one < paints.length; one++) {
    for (let other = one + 1; other < paints.length; other++) {
      const loss = lossOf(paints[one] as Paint, paints[other] as Paint)
      if (loss < least.loss) least = { loss, one, other }
    }
  }
  const { one, other, loss } = least
  if (one === other || (paints.length <= colours && loss > 0)) return undefined
  const mixed = mix(paints[one] as Paint, paints[other] as Paint)
  return [...paints.filter((_, index) => index !== one && index !== other), mixed]
}

/** None between paints that look the same; else the more, the further apart they are and the more of each there is. */
function lossOf(a: Paint, b: Paint): number {
  const apart = Math.hypot(...a.rgb.map((channel, index) => channel - (b.rgb[index] ?? 0)))
  return apart < sameColour ? 0 : apart * Math.sqrt((a.pixels * b.pixels) / (a.pixels + b.pixels))
}

/** The more frequent paint gives the colour, so that no colour comes out that is not in the picture. */
function mix(a: Paint, b: Paint): Paint {
  return { rgb: a.pixels >= b.pixels ? a.rgb : b.rgb, pixels: a.pixels + b.pixels }
}

const inHex = (channel: number) => channel.toString(16).padStart(2, '0')
