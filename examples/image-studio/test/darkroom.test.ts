import { defineJob } from '@anchorleg/client'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { layContactSheet } from '#studio/darkroom/layContactSheet.js'
import { mixPalette } from '#studio/darkroom/mixPalette.js'
import { fromNegative } from '#studio/darkroom/negative.js'
import { paintInOils } from '#studio/darkroom/paintInOils.js'
import { printOnSilver } from '#studio/darkroom/printOnSilver.js'
import { printSizes, printThumbnail } from '#studio/darkroom/prints.js'
import { type Band, contactSheet, oilPainting, type Picture, type Step, silverPrint } from '#studio/jobs.js'

/** Two thirds red, one third blue. */
function flag(width: number, height: number): Promise<Uint8Array> {
  const blue = { create: { width: Math.round(width / 3), height, channels: 3, background: '#0000ff' } } as const
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } })
    .composite([{ input: blue, left: 0, top: 0 }])
    .png()
    .toBuffer()
}

describe('the darkroom', () => {
  it('prints a thumbnail that fits 480 × 480 and knows its original', async () => {
    const print = await printThumbnail(await flag(1200, 800))
    expect(print).toMatchObject({ width: 480, height: 320, mime: 'image/webp', original: { width: 1200, height: 800, format: 'png' } })
    expect((await sharp(print.bytes).metadata()).format).toBe('webp')
  })

  it('turns a picture upright before it says how large it is', async () => {
    const lying = await sharp(await flag(300, 200))
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer()
    expect(await printThumbnail(lying)).toMatchObject({ width: 200, height: 300, original: { width: 200, height: 300 } })
  })

  it('prints no size larger than the picture is', async () => {
    expect((await printSizes(await flag(2400, 1600))).map(({ width }) => width)).toEqual([480, 960, 1920])
    expect((await printSizes(await flag(1000, 500))).map(({ width }) => width)).toEqual([480, 960])
    expect((await printSizes(await flag(90, 60))).map(({ width }) => width)).toEqual([90])
  })

  it('finds the dominant colours and their shares', async () => {
    const [first, second] = await mixPalette(await flag(300, 200))
    expect(first).toMatchObject({ colour: '#ff0000' })
    expect(first?.share).toBeCloseTo(2 / 3, 1)
    expect(second).toMatchObject({ colour: '#0000ff' })
  })

  it('lays many thumbnails on one sheet, whatever their names hold', async () => {
    const bytes = new Uint8Array(await flag(300, 200))
    const frames = ['<b>&"\'', 'control\u0007characters', 'x'.repeat(300), 'plain.jpg', 'fünf.jpg'].map((name) => ({ name, bytes }))
    const steps: Step[] = []
    const given = await contactSheet.perform(layContactSheet).run({ title: 'Five', frames }, { progress: (step: Step) => steps.push(step) })
    const sheet = valueIn<Picture>(given)
    expect(steps.map(({ doing }) => doing)).toEqual([1, 2, 3, 4, 5].map((frame) => `frame ${frame} of 5`))
    expect(sheet).toMatchObject({ mime: 'image/jpeg', width: 972 })
    expect((await sharp(sheet.bytes).metadata()).height).toBe(sheet.height)
  })

  it('paints something near to the picture, and hands out every band of every coat on the way', async () => {
    const bands: Band[] = []
    const steps: Step[] = []
    const ctx = { emit: async (band: Band) => void bands.push(band), progress: (step: Step) => steps.push(step) }
    const given = await oilPainting.perform(fromNegative(paintInOils)).run({ bytes: new Uint8Array(await flag(300, 200)), dryingSeconds: 0 }, ctx)
    const painting = valueIn<Picture>(given)
    expect(painting).toMatchObject({ width: 960, height: 640, mime: 'image/jpeg' })
    const right = sharp(painting.bytes).extract({ left: 640, top: 160, width: 256, height: 320 })
    const [red, green, blue] = (await right.resize(1, 1).raw().toBuffer()) as unknown as [number, number, number]
    expect(red).toBeGreaterThan(230)
    expect(Math.max(green, blue)).toBeLessThan(25)
    expect(bands.map(({ top }) => top)).toEqual([1, 2, 3, 4].flatMap(() => [0, 80, 160, 240, 320, 400, 480, 560]))
    expect(bands.every(({ width, height, canvas }) => width === 960 && height === 80 && canvas.height === 640)).toBe(true)
    expect(steps.map(({ share }) => share)).toEqual(steps.map(({ share }) => share).sort((a, b) => a - b))
    expect(steps.at(-1)).toEqual({ share: 1, doing: 'coat 4 of 4' })
  })

  it('stops painting when the signal aborts', async () => {
    const abort = new AbortController()
    const ctx = { signal: abort.signal, emit: async () => abort.abort() }
    const given = oilPainting.perform(fromNegative(paintInOils)).run({ bytes: new Uint8Array(await flag(60, 40)), dryingSeconds: 100 }, ctx)
    await expect(given).resolves.toMatchObject({ type: 'error', error: { code: 'exception', name: 'AbortError' } })
  })

  it('spoils the first two silver prints, each in its own way, and wants to try again soon', async () => {
    const args = { bytes: new Uint8Array(await flag(300, 200)), secondsEach: 0 }
    const attempt = (attempt: number) => silverPrint.perform(fromNegative(printOnSilver)).run(args, { attempt })
    expect(await attempt(1)).toMatchObject({ type: 'error', error: { code: 'failed', reason: 'The fuse of the enlarger blew.', state: 'retryable' } })
    expect(await attempt(2)).toMatchObject({ type: 'error', error: { code: 'exception', message: 'Somebody opened the door.', state: 'retryable' } })
    expect(valueIn<Picture>(await attempt(3))).toMatchObject({ width: 960, height: 656, mime: 'image/jpeg' })
  })

  it('discards a text file with a reason in words', async () => {
    const run = handlerOf(printThumbnail)
    await expect(run(new TextEncoder().encode('Dear developer'))).resolves.toBe('This is a text file, not a picture, whatever its name says.')
    await expect(run(new Uint8Array([0, 1, 2, 3]))).resolves.toBe('This file is not a picture of any kind we can read.')
  })
})

function valueIn<T>(result: { type: string; value?: unknown }): T {
  expect(result.type).toBe('ok')
  return result.value as T
}

/** Runs a handler as a worker does, and gives the reason it discards with. */
function handlerOf(develop: (bytes: Uint8Array) => Promise<unknown>) {
  const performer = defineJob({ name: 'test' }).perform(fromNegative(({ bytes }: { bytes: Uint8Array }) => develop(bytes)))
  return async (bytes: Uint8Array) => {
    const result = await performer.run({ bytes })
    return result.type === 'discard' ? result.reason : result
  }
}
