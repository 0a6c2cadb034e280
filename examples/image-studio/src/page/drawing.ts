/** Shapes that the sample scenes are made of. */

export function fillDown(
  context: CanvasRenderingContext2D,
  { width, height, colours }: { width: number; height: number; colours: readonly string[] },
): void {
  const gradient = context.createLinearGradient(0, 0, 0, height)
  for (const [index, colour] of colours.entries()) gradient.addColorStop(index / (colours.length - 1), colour)
  context.fillStyle = gradient
  context.fillRect(0, 0, width, height)
}

export function disc(context: CanvasRenderingContext2D, { x, y, radius, colour }: { x: number; y: number; radius: number; colour: string }): void {
  ellipse(context, { x, y, rx: radius, ry: radius, colour })
}

interface Ellipse {
  readonly x: number
  readonly y: number
  readonly rx: number
  readonly ry: number
  readonly colour: string | CanvasGradient
}

export function ellipse(context: CanvasRenderingContext2D, { x, y, rx, ry, colour }: Ellipse): void {
  context.fillStyle = colour
  context.beginPath()
  context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI)
  context.fill()
}

export function ridge(context: CanvasRenderingContext2D, { width, height }: { width: number; height: number }, top: (along: number) => number): void {
  context.beginPath()
  context.moveTo(0, height)
  for (let x = 0; x <= width; x += 4) context.lineTo(x, top(x / width))
  context.lineTo(width, height)
  context.fill()
}

export function pine(context: CanvasRenderingContext2D, { x, foot, tall }: { x: number; foot: number; tall: number }): void {
  context.beginPath()
  context.moveTo(x, foot - tall)
  for (let step = 1; step <= 6; step++) {
    context.lineTo(x + tall * 0.045 * step, foot - tall + (tall / 6) * step)
    context.lineTo(x + tall * 0.025 * step, foot - tall + (tall / 6) * step)
  }
  for (let step = 6; step >= 1; step--) {
    context.lineTo(x - tall * 0.025 * step, foot - tall + (tall / 6) * step)
    context.lineTo(x - tall * 0.045 * step, foot - tall + (tall / 6) * step)
  }
  context.fill()
}
