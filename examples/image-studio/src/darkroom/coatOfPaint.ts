/** Pixels, three bytes each: red, green, blue. */
export interface Raster {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
}

/** How broad the brush is, in pixels, and how far off a colour (0 to 441) may be before it is painted over. */
export interface Coat {
  readonly brush: number
  readonly tolerance: number
}

type Colour = readonly [number, number, number]

const longestStroke = 9

/**
 * One coat of paint as an SVG: where the canvas differs from its guide, a curved stroke of the guide's colour, laid along the
 * edges of the picture. After A. Hertzmann, "Painterly rendering with curved brush strokes of multiple sizes" (SIGGRAPH 1998).
 */
export function coatOfPaint(canvas: Raster, guide: Raster, { brush, tolerance }: Coat): string {
  const { width, height } = guide
  const strokes: string[] = []
  for (let y = brush / 2; y < height; y += brush) {
    for (let x = brush / 2; x < width; x += brush) {
      const worst = worstSpot(canvas, guide, { x: Math.floor(x), y: Math.floor(y), reach: Math.ceil(brush / 2) })
      if (worst.meanDifference >= tolerance) strokes.push(strokeFrom(canvas, guide, { ...worst, brush }))
    }
  }
  shuffle(strokes)
  const style = `fill="none" stroke-linecap="round" stroke-linejoin="round" stroke-width="${brush}" stroke-opacity="0.94"`
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g ${style}>${strokes.join('')}</g></svg>`
}

/** Around a point of the grid: how far the canvas is off on average, and where most. */
function worstSpot(canvas: Raster, guide: Raster, { x, y, reach }: { x: number; y: number; reach: number }) {
  let sum = 0
  let count = 0
  let most = -1
  const spot = { x, y }
  for (let v = Math.max(0, y - reach); v <= Math.min(guide.height - 1, y + reach); v++) {
    for (let u = Math.max(0, x - reach); u <= Math.min(guide.width - 1, x + reach); u++) {
      const difference = distance(colourAt(canvas, u, v), colourAt(guide, u, v))
      sum += difference
      count++
      if (difference > most) {
        most = difference
        spot.x = u
        spot.y = v
      }
    }
  }
  return { ...spot, meanDifference: sum / Math.max(1, count) }
}

/** A stroke that follows the edge it starts on, until the canvas under it is nearer to the picture than its own colour. */
function strokeFrom(canvas: Raster, guide: Raster, { x, y, brush }: { x: number; y: number; brush: number }): string {
  const colour = colourAt(guide, x, y)
  let path = `M${x} ${y}`
  let at = { x, y }
  let last = { x: 0, y: 0 }
  for (let step = 0; step < longestStroke; step++) {
    const here = colourAt(guide, at.x, at.y)
    if (step > 2 && distance(here, colourAt(canvas, at.x, at.y)) < distance(here, colour)) break
    const way = alongEdge(guide, at, last)
    if (!way) break
    at = { x: at.x + brush * way.x, y: at.y + brush * way.y }
    if (at.x < 0 || at.y < 0 || at.x >= guide.width || at.y >= guide.height) break
    path += `L${at.x.toFixed(1)} ${at.y.toFixed(1)}`
    last = way
  }
  if (!path.includes('L')) path += 'h.1'
  const lightness = ((x * 31 + y * 17) % 23) - 11
  const paint = colour.map((channel) => Math.max(0, Math.min(255, Math.round(channel + lightness)))).join(',')
  return `<path d="${path}" stroke="rgb(${paint})"/>`
}

/** The direction across the steepest change of light, turned the way the stroke already goes; none where all is even. */
function alongEdge(guide: Raster, { x, y }: { x: number; y: number }, last: { x: number; y: number }) {
  const across = light(guide, x + 2, y) - light(guide, x - 2, y)
  const down = light(guide, x, y + 2) - light(guide, x, y - 2)
  const steepness = Math.hypot(across, down)
  if (steepness < 1) return last.x === 0 && last.y === 0 ? { x: 0.94, y: 0.34 } : last
  const way = { x: -down / steepness, y: across / steepness }
  const turned = way.x * last.x + way.y * last.y < 0 ? -1 : 1
  const mixed = { x: 0.7 * turned * way.x + 0.3 * last.x, y: 0.7 * turned * way.y + 0.3 * last.y }
  const length = Math.hypot(mixed.x, mixed.y)
  return length === 0 ? undefined : { x: mixed.x / length, y: mixed.y / length }
}

function colourAt({ data, width, height }: Raster, x: number, y: number): Colour {
  const u = Math.max(0, Math.min(width - 1, Math.round(x)))
  const v = Math.max(0, Math.min(height - 1, Math.round(y)))
  const at = 3 * (v * width + u)
  return [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0]
}

const distance = (a: Colour, b: Colour) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])

function light(raster: Raster, x: number, y: number): number {
  const [red, green, blue] = colourAt(raster, x, y)
  return 0.3 * red + 0.59 * green + 0.11 * blue
}

/** Mixes the order, so that no stroke lies on top for standing further down; the same picture gives the same painting. */
function shuffle(strokes: string[]): void {
  let seed = strokes.length + 1
  for (let last = strokes.length - 1; last > 0; last--) {
    seed = (seed * 16_807) % 2_147_483_647
    const other = seed % (last + 1)
    ;[strokes[last], strokes[other]] = [strokes[other] as string, strokes[last] as string]
  }
}
