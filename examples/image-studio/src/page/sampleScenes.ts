import { disc, ellipse, fillDown, pine, ridge } from './drawing.js'

/** What a scene is drawn with. */
export interface Easel {
  readonly context: CanvasRenderingContext2D
  readonly width: number
  readonly height: number
  /** 0 to 1. */
  readonly random: () => number
}

export function dunes({ context, width, height, random }: Easel): void {
  fillDown(context, { width, height, colours: ['#2b2f63', '#8a4f7d', '#e2725b', '#f6b26b'] })
  disc(context, { x: width * 0.68, y: height * 0.47, radius: height * 0.1, colour: '#fff0c9' })
  const sand = ['#b5624f', '#91463f', '#6b2f36', '#431d2b', '#24111e']
  for (const [index, colour] of sand.entries()) {
    const base = height * (0.56 + index * 0.1)
    const swing = height * (0.05 + random() * 0.05)
    const phase = random() * 6
    context.fillStyle = colour
    ridge(context, { width, height }, (x) => base + Math.sin(x * 4 + phase) * swing + Math.sin(x * 9 + phase) * swing * 0.25)
  }
}

export function sea({ context, width, height, random }: Easel): void {
  fillDown(context, { width, height: height * 0.5, colours: ['#050b1e', '#12305c', '#2f6c8f'] })
  context.save()
  context.translate(0, height * 0.5)
  fillDown(context, { width, height: height * 0.5, colours: ['#1f5876', '#0d2c4c', '#040b1a'] })
  context.restore()
  for (let star = 0; star < 220; star++) {
    const light = { x: random() * width, y: random() ** 1.6 * height * 0.44, radius: random() * 2.2 + 0.4 }
    disc(context, { ...light, colour: `rgba(255,250,230,${0.3 + random() * 0.7})` })
  }
  disc(context, { x: width * 0.3, y: height * 0.2, radius: height * 0.07, colour: '#fdf3d3' })
  for (let wave = 0; wave < 260; wave++) {
    const depth = random()
    const length = (0.01 + depth * 0.06) * width * (0.4 + random())
    context.fillStyle = `rgba(253,236,190,${0.1 + random() * 0.5 * (1 - depth * 0.5)})`
    const x = width * 0.3 + (random() - 0.5) * width * (0.08 + depth * 0.22)
    context.fillRect(x - length / 2, height * (0.505 + depth * 0.48), length, 1.5 + depth * 5)
  }
}

export function poppies({ context, width, height, random }: Easel): void {
  fillDown(context, { width, height, colours: ['#a9d3e8', '#e6efd8', '#8fae5a', '#4c7a35', '#2c5527'] })
  for (let blade = 0; blade < 900; blade++) {
    const y = height * (0.45 + random() * 0.58)
    const near = (y / height - 0.45) / 0.55
    const x = random() * width
    context.strokeStyle = `hsla(${80 + random() * 40},${40 + random() * 25}%,${22 + random() * 26}%,.7)`
    context.lineWidth = 1 + near * 5
    context.beginPath()
    context.moveTo(x, y)
    context.quadraticCurveTo(x, y - 40 - near * 60, x + (random() - 0.5) * 60, y - 60 - near * 120)
    context.stroke()
  }
  const heads = Array.from({ length: 130 }, () => ({ x: random() * width, depth: random() })).sort((a, b) => a.depth - b.depth)
  for (const { x, depth } of heads) {
    const y = height * (0.46 + depth * 0.52)
    const radius = 5 + depth ** 2 * 70
    for (let petal = 0; petal < 5; petal++) {
      const turn = (petal / 5) * 2 * Math.PI + random()
      const place = { x: x + Math.cos(turn) * radius * 0.5, y: y + Math.sin(turn) * radius * 0.35 }
      disc(context, { ...place, radius: radius * 0.62, colour: `hsl(${4 + random() * 12},${82 + random() * 12}%,${42 + random() * 16}%)` })
    }
    disc(context, { x, y, radius: radius * 0.24, colour: '#23131a' })
  }
}

export function tiles({ context, width, height, random }: Easel): void {
  const colours = ['#f2e8d5', '#e63946', '#f4a62a', '#1d5c8f', '#14213d', '#7fb7a4']
  const pick = (not = '') => {
    const rest = colours.filter((colour) => colour !== not)
    return rest[Math.floor(random() * rest.length)] as string
  }
  const count = 7
  const side = Math.ceil(width / count)
  for (let tile = 0; tile < count * Math.ceil(height / side); tile++) {
    const left = (tile % count) * side
    const top = Math.floor(tile / count) * side
    const ground = pick()
    context.fillStyle = ground
    context.fillRect(left, top, side, side)
    const corner = Math.floor(random() * 4)
    const centre = { x: left + (corner % 2) * side, y: top + Math.floor(corner / 2) * side }
    context.save()
    context.beginPath()
    context.rect(left, top, side, side)
    context.clip()
    const shape = pick(ground)
    if (random() < 0.25) disc(context, { x: left + side / 2, y: top + side / 2, radius: side * 0.34, colour: shape })
    else disc(context, { ...centre, radius: side, colour: shape })
    if (random() < 0.5) disc(context, { ...centre, radius: side * 0.5, colour: pick(shape) })
    context.restore()
  }
}

export function aurora({ context, width, height, random }: Easel): void {
  fillDown(context, { width, height, colours: ['#060919', '#0d1b3a', '#123a4f', '#0b1e26'] })
  for (let star = 0; star < 180; star++) {
    disc(context, { x: random() * width, y: random() * height * 0.7, radius: random() * 1.8 + 0.4, colour: `rgba(255,255,255,${random()})` })
  }
  context.globalCompositeOperation = 'screen'
  for (let curtain = 0; curtain < 3; curtain++) {
    const hue = [152, 168, 285][curtain] as number
    const phase = random() * 6
    for (let x = 0; x < width; x += 3) {
      const along = x / width
      const foot = height * (0.56 - curtain * 0.08) + Math.sin(along * 7 + phase) * height * 0.08 + Math.sin(along * 17 + phase) * height * 0.02
      const tall = height * (0.24 + 0.14 * Math.sin(along * 5 + phase * 2)) * (0.8 + random() * 0.3)
      const light = context.createLinearGradient(0, foot - tall, 0, foot)
      light.addColorStop(0, `hsla(${hue + 40},80%,60%,0)`)
      light.addColorStop(0.8, `hsla(${hue},85%,58%,${0.16 + random() * 0.12})`)
      light.addColorStop(1, `hsla(${hue},85%,60%,0)`)
      context.fillStyle = light
      context.fillRect(x, foot - tall, 9, tall)
    }
  }
  context.globalCompositeOperation = 'source-over'
  context.fillStyle = '#05080c'
  for (let tree = 0; tree < 90; tree++) pine(context, { x: random() * width, foot: height, tall: height * (0.1 + random() ** 2 * 0.28) })
}

export function lemons({ context, width, height, random }: Easel): void {
  fillDown(context, { width, height: height * 0.62, colours: ['#2f6f8f', '#5fa3b8'] })
  context.save()
  context.translate(0, height * 0.62)
  fillDown(context, { width, height: height * 0.38, colours: ['#f3ede2', '#d8cbb8'] })
  context.restore()
  const fruit = [
    [0.3, 0.66, 0.2, -0.4],
    [0.68, 0.7, 0.22, 0.5],
    [0.48, 0.8, 0.23, -0.1],
    [0.52, 0.55, 0.18, 0.9],
  ] as const
  for (const [x, y, size, tilt] of [...fruit].sort((a, b) => a[1] - b[1])) {
    ellipse(context, {
      x: x * width + 24,
      y: (y + size * 0.42) * height,
      rx: size * width * 0.95,
      ry: size * width * 0.26,
      colour: 'rgba(60,45,60,.28)',
    })
    context.save()
    context.translate(x * width, y * height)
    context.rotate(tilt)
    const radius = size * width
    const skin = context.createRadialGradient(-radius * 0.35, -radius * 0.3, radius * 0.08, 0, 0, radius * 1.15)
    for (const [stop, colour] of [
      [0, '#fff6b0'],
      [0.25, '#ffdf3f'],
      [0.75, '#f0b400'],
      [1, '#a86a00'],
    ] as const)
      skin.addColorStop(stop, colour)
    ellipse(context, { x: 0, y: 0, rx: radius, ry: radius * 0.72, colour: skin })
    ellipse(context, { x: radius * 0.98, y: 0, rx: radius * 0.15, ry: radius * 0.17, colour: '#e0a300' })
    for (let pore = 0; pore < 130; pore++) {
      const turn = random() * 2 * Math.PI
      const out = Math.sqrt(random()) * 0.9
      const place = { x: Math.cos(turn) * radius * out, y: Math.sin(turn) * radius * 0.72 * out }
      disc(context, { ...place, radius: 2 + random() * 2.5, colour: 'rgba(150,95,0,.16)' })
    }
    context.restore()
  }
}
