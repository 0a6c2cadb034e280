import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test as base, expect, type Page } from '@playwright/test'
import sharp from 'sharp'
import { House } from '#e2e/harness/house.js'
import { Program } from '#e2e/harness/program.js'

const dist = fileURLToPath(new URL('../../examples/image-studio/dist/', import.meta.url))
const limit = String(24 * 1024 * 1024)

/** The hub and the page of the studio, in processes of their own, without a worker yet. */
class StudioHouse {
  readonly #programs: Program[] = []

  private constructor(
    readonly house: House,
    readonly hub: { readonly url: string },
    readonly url: string,
    page: Program,
  ) {
    this.#programs.push(page)
  }

  static async open(): Promise<StudioHouse> {
    const house = await House.build()
    return StudioHouse.of(house, await house.hub(['--args-limit', limit, '--result-limit', limit, '--retention', '3600']))
  }

  static async of(house: House, hub: { readonly url: string }): Promise<StudioHouse> {
    const page = new Program('studio page', [join(dist, 'serve.js'), '--port', '0', '--hub', hub.url])
    const { text } = await page.line((line) => line.text.includes('http://'))
    return new StudioHouse(house, hub, text.replace(/^.*(http:)/, '$1'), page)
  }

  async startWorker(): Promise<Program> {
    const worker = new Program('studio worker', [join(dist, 'worker.js'), '--hub', this.hub.url])
    this.#programs.push(worker)
    await worker.line((line) => line.text.includes('connected'))
    return worker
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop('SIGKILL')))
    await this.house[Symbol.asyncDispose]()
  }
}

const test = base.extend<{ studio: Page }, { house: StudioHouse }>({
  house: [
    async ({}, use) => {
      const house = await StudioHouse.open()
      await house.startWorker()
      await use(house)
      await house.close()
    },
    { scope: 'worker' },
  ],
  /** The page, connected; an error in it fails the test. */
  studio: async ({ page, house }, use) => {
    const errors: Error[] = []
    page.on('pageerror', (error) => errors.push(error))
    await page.goto(house.url)
    await expect(page.getByRole('status')).toHaveText(/Connected/)
    await use(page)
    expect(errors).toEqual([])
  },
})

interface Dropped {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

async function picture(name: string, background: string): Promise<Dropped> {
  const buffer = await sharp({ create: { width: 1200, height: 800, channels: 3, background } })
    .png()
    .toBuffer()
  return { name, mimeType: 'image/png', buffer }
}

const letter: Dropped = { name: 'letter.png', mimeType: 'image/png', buffer: Buffer.from('Dear developer, this is text.') }

/** Drops files on the page, as a hand would. */
async function drop(page: Page, files: readonly Dropped[]): Promise<void> {
  const plain = files.map(({ name, mimeType, buffer }) => ({ name, mimeType, base64: buffer.toString('base64') }))
  const dataTransfer = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer()
    for (const { name, mimeType, base64 } of all) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
      transfer.items.add(new File([bytes], name, { type: mimeType }))
    }
    return transfer
  }, plain)
  await page.dispatchEvent('main', 'dragenter', { dataTransfer })
  await expect(page.locator('body')).toHaveClass(/dragging/)
  await page.dispatchEvent('main', 'drop', { dataTransfer })
  await expect(page.locator('body')).not.toHaveClass(/dragging/)
}

const frame = (page: Page, name: string) => page.getByRole('article', { name })
const thumbnail = (page: Page, name: string) => frame(page, name).getByRole('img', { name: `Thumbnail of ${name}` })

const swatches = (page: Page, name: string) => frame(page, name).getByRole('list', { name: 'Colours' }).getByRole('button')

/** How far the first colour found is from the one expected; thumbnails are lossy. */
async function distance(page: Page, name: string, colour: string): Promise<number> {
  const found = await swatches(page, name).first().textContent()
  const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
  const expected = channels(colour)
  return Math.hypot(...channels(found ?? '').map((channel, index) => channel - (expected[index] as number)))
}

const painting = (page: Page, name: string) => frame(page, name).getByRole('group', { name: 'oil painting' })
const paint = (page: Page, name: string) => frame(page, name).getByRole('button', { name: 'Paint in oils' }).click()
const bar = (page: Page, name: string) => painting(page, name).getByRole('progressbar')

/** How far a painting is, 0 to 1. */
const share = (page: Page, name: string) => bar(page, name).evaluate((shown: HTMLProgressElement) => shown.value)

/** The share of the rows of a wet canvas that have paint on them; 0 without a canvas. */
async function paintedRows(page: Page, name: string): Promise<number> {
  const canvas = frame(page, name).locator('canvas')
  if ((await canvas.count()) === 0) return 0
  return canvas.evaluate((shown: HTMLCanvasElement) => {
    const column = shown.getContext('2d')?.getImageData(shown.width / 2, 0, 1, shown.height).data ?? []
    return [...column].filter((value, at) => at % 4 === 3 && value > 0).length / shown.height
  })
}

/** Whether the browser could really decode the bytes that came back. */
const naturalWidth = (page: Page, name: string) =>
  thumbnail(page, name).evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))

test('dropped pictures come back with thumbnails, colours and sizes; a text file named .png says what it is', async ({ studio }) => {
  await drop(studio, [await picture('red.png', '#cc2200'), await picture('blue.png', '#0033cc'), letter])
  for (const [name, colour] of [
    ['red.png', '#cc2200'],
    ['blue.png', '#0033cc'],
  ] as const) {
    await expect(thumbnail(studio, name)).toBeVisible()
    expect(await naturalWidth(studio, name)).toBe(480)
    await expect(frame(studio, name)).toContainText('1200 × 800 · PNG')
    await expect(swatches(studio, name)).toHaveCount(1)
    expect(await distance(studio, name, colour)).toBeLessThan(10)
    await expect(frame(studio, name).getByRole('link')).toHaveText(['480', '960'])
  }
  await expect(frame(studio, 'letter.png')).toContainText('This is a text file, not a picture, whatever its name says.')
  await expect(frame(studio, 'letter.png').getByRole('img')).toHaveCount(0)
  await expect(studio.getByRole('log')).toContainText('red.png is developed.')
  await expect(studio.getByRole('log')).toContainText('letter.png: This is a text file')
})

test('a contact sheet of many is laid out from the thumbnails that came, and names those that did not', async ({ studio }) => {
  const many = await Promise.all(Array.from({ length: 14 }, (_, index) => picture(`frame-${index + 1}.png`, `hsl(${index * 25}, 70%, 50%)`)))
  await drop(studio, [...many, letter])
  await studio.getByRole('button', { name: 'Make a contact sheet' }).click()
  const sheet = studio.getByRole('region', { name: 'Contact sheet' })
  await expect(sheet.getByRole('img', { name: 'Contact sheet of 14 frames' })).toBeVisible({ timeout: 20_000 })
  await expect(sheet).toContainText('14 frames on one sheet. Left out: letter.png.')
  const [download] = await Promise.all([studio.waitForEvent('download'), sheet.getByRole('link', { name: 'Download' }).click()])
  const { width, height, format } = await sharp(await download.path()).metadata()
  expect({ format, wide: width > 1200, high: height > 600 }).toEqual({ format: 'jpeg', wide: true, high: true })
})

test('a slow painting shows what it waits for, and is picked up later', async ({ studio }) => {
  await drop(studio, [await picture('wall.png', '#884422')])
  const card = frame(studio, 'wall.png')
  await card.getByRole('button', { name: 'Paint in oils' }).click()
  await expect(card).toContainText('Waiting 3 seconds for the painting…')
  await expect(card).toContainText('No painting after 3 seconds: a worker is still at it. It goes on without us.')
  await card.getByRole('button', { name: 'Await again' }).click()
  await expect(card).toContainText('Waiting 5 seconds for the painting…')
  await expect(card.getByRole('img', { name: 'wall.png in oils' })).toBeVisible({ timeout: 20_000 })
  await card.getByRole('button', { name: 'Show the photograph' }).click()
  await expect(card.getByRole('img', { name: 'wall.png in oils' })).toBeHidden()
  await card.getByRole('button', { name: 'Show the painting' }).click()
  await expect(card.getByRole('img', { name: 'wall.png in oils' })).toBeVisible()
})

test('a painting shows how far it is, and each band of paint as it comes', async ({ studio }) => {
  await drop(studio, [await picture('fence.png', '#446688')])
  await paint(studio, 'fence.png')
  await expect(bar(studio, 'fence.png')).toBeVisible()
  await expect.poll(() => paintedRows(studio, 'fence.png')).toBeGreaterThan(0)
  expect(await paintedRows(studio, 'fence.png')).toBeLessThan(1)
  const seen = [await share(studio, 'fence.png')]
  for (const coat of [2, 3, 4]) {
    await expect(painting(studio, 'fence.png')).toContainText(`Coat ${coat} of 4`)
    seen.push(await share(studio, 'fence.png'))
    expect(await paintedRows(studio, 'fence.png')).toBe(1)
  }
  expect(seen).toEqual([...seen].sort((a, b) => a - b))
  expect(seen.at(-1)).toBeGreaterThanOrEqual(0.75)
  await expect(frame(studio, 'fence.png').getByRole('img', { name: 'fence.png in oils' })).toBeVisible()
  await expect(bar(studio, 'fence.png')).toBeHidden()
})

test('a painting under way at a reload goes on where it was, with all of its paint', async ({ studio }) => {
  await drop(studio, [await picture('gate.png', '#664488')])
  await paint(studio, 'gate.png')
  await expect(painting(studio, 'gate.png')).toContainText('Coat 2 of 4')
  const before = await share(studio, 'gate.png')
  await studio.reload()
  await expect.poll(() => share(studio, 'gate.png')).toBeGreaterThanOrEqual(before)
  await expect.poll(() => paintedRows(studio, 'gate.png')).toBe(1)
  expect(await share(studio, 'gate.png')).toBeLessThan(1)
  await expect(painting(studio, 'gate.png')).toContainText('Coat 4 of 4')
  await expect(frame(studio, 'gate.png').getByRole('img', { name: 'gate.png in oils' })).toBeVisible()
})

test('a painting that is cancelled stops at once, says by whom and why, and makes room for one that waits', async ({ studio }) => {
  const names = ['first.png', 'second.png', 'third.png', 'fourth.png']
  await drop(studio, await Promise.all(names.map((name, index) => picture(name, `hsl(${index * 80}, 60%, 40%)`))))
  for (const name of names) await paint(studio, name)
  await expect(painting(studio, 'first.png')).toContainText('Coat 1 of 4')
  await expect(painting(studio, 'third.png')).toContainText('Waits: every worker is busy')
  await expect.poll(() => share(studio, 'first.png')).toBeGreaterThan(0)

  await painting(studio, 'fourth.png').getByRole('button', { name: 'Cancel' }).click()
  await expect(painting(studio, 'fourth.png')).toContainText('Cancelled by the studio page: Cancel was pressed.')
  await painting(studio, 'first.png').getByRole('button', { name: 'Cancel' }).focus()
  await studio.keyboard.press('Enter')
  await expect(painting(studio, 'first.png')).toContainText(/Cancelled by the studio page: Cancel was pressed at \d+\s%\./, { timeout: 3000 })
  await expect(painting(studio, 'first.png').getByRole('button', { name: 'Try again' })).toBeFocused()
  await expect(painting(studio, 'third.png')).toContainText('Coat 1 of 4', { timeout: 3000 })
  await expect(studio.getByRole('log')).toContainText('first.png: Cancelled by the studio page')

  await studio.reload()
  await expect(painting(studio, 'first.png')).toContainText(/Cancel was pressed at \d+\s%\./)
  await expect(thumbnail(studio, 'first.png')).toBeVisible()
  await expect(frame(studio, 'first.png').getByRole('img', { name: /being painted|in oils/ })).toHaveCount(0)
  await painting(studio, 'third.png').getByRole('button', { name: 'Cancel' }).click()
  await painting(studio, 'second.png').getByRole('button', { name: 'Cancel' }).click()
  await painting(studio, 'fourth.png').getByRole('button', { name: 'Try again' }).click()
  await expect(painting(studio, 'fourth.png')).toContainText('Coat 2 of 4')
  await studio.getByRole('button', { name: 'Clear the table' }).click()
})

test('taking a frame off the table calls its painting off, as another tab can read', async ({ studio, context, house }) => {
  await drop(studio, [await picture('shared.png', '#557722')])
  await paint(studio, 'shared.png')
  const other = await context.newPage()
  await other.goto(house.url)
  await expect(painting(other, 'shared.png')).toContainText('Coat 1 of 4')
  await frame(studio, 'shared.png').getByRole('button', { name: 'Remove shared.png' }).click()
  await expect(painting(other, 'shared.png')).toContainText('Cancelled by the studio page: The frame was taken off the table.')
})

test('a silver print fails twice, tells when it tries again, and succeeds, also with a reload in between', async ({ studio }) => {
  await drop(studio, [await picture('moon.png', '#8899aa')])
  const card = frame(studio, 'moon.png')
  const print = card.getByRole('group', { name: 'silver print' })
  const mishaps = print.getByRole('list', { name: 'Failed attempts' }).getByRole('listitem')
  await card.getByRole('button', { name: 'Print on silver' }).click()
  await expect(print).toContainText('Under the enlarger')
  await expect(mishaps).toHaveText(['Attempt 1 The fuse of the enlarger blew.'])
  await expect(print).toContainText(/Next attempt in \d seconds?/)
  await expect(print).toContainText('In the developer, attempt 2')
  await expect(mishaps).toHaveText(['Attempt 1 The fuse of the enlarger blew.', 'Attempt 2 The worker failed: Somebody opened the door.'])
  await expect(print).toContainText(/Next attempt in \d seconds?/)
  await studio.reload()
  await expect(mishaps).toHaveText(['Attempt 1 The fuse of the enlarger blew.', 'Attempt 2 The worker failed: Somebody opened the door.'])
  await expect(print).toContainText(/Next attempt in \d seconds?/)
  await expect(print).toContainText('In the fixer, attempt 3')
  await expect(card.getByRole('img', { name: 'moon.png on silver' })).toBeVisible()
  await expect(mishaps).toHaveCount(2)
})

test('after a reload every result is there again, and the painting under way is picked up', async ({ studio }) => {
  await drop(studio, [await picture('one.png', '#116633'), await picture('two.png', '#663311'), letter])
  await expect(thumbnail(studio, 'one.png')).toBeVisible()
  await expect(thumbnail(studio, 'two.png')).toBeVisible()
  await studio.getByRole('button', { name: 'Make a contact sheet' }).click()
  await expect(studio.getByRole('img', { name: 'Contact sheet of 2 frames' })).toBeVisible({ timeout: 20_000 })
  await paint(studio, 'one.png')
  await expect(frame(studio, 'one.png')).toContainText('Waiting 3 seconds for the painting…')

  await studio.reload()
  await expect(thumbnail(studio, 'one.png')).toBeVisible()
  expect(await naturalWidth(studio, 'two.png')).toBe(480)
  await expect(swatches(studio, 'one.png')).toHaveCount(1)
  expect(await distance(studio, 'one.png', '#116633')).toBeLessThan(10)
  await expect(frame(studio, 'two.png').getByRole('link')).toHaveText(['480', '960'])
  await expect(frame(studio, 'letter.png')).toContainText('This is a text file')
  await expect(studio.getByRole('img', { name: 'Contact sheet of 2 frames' })).toBeVisible()
  await expect(frame(studio, 'one.png').getByRole('img', { name: 'one.png in oils' })).toBeVisible({ timeout: 20_000 })
  await studio.reload()
  await expect(frame(studio, 'one.png').getByRole('img', { name: 'one.png in oils' })).toBeVisible()
})

test('a real photo of more than 12 MB goes through', async ({ studio, house }) => {
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  const photo = await sharp({ create: { width: 4032, height: 3024, channels: 3, background: '#000', noise } })
    .jpeg({ quality: 88, chromaSubsampling: '4:4:4' })
    .toBuffer()
  expect(photo.length).toBeGreaterThan(12e6)
  const file = join(house.house.folder, 'photo.jpg')
  await writeFile(file, photo)
  await studio.getByLabel('Pictures').setInputFiles(file)
  await expect(thumbnail(studio, 'photo.jpg')).toBeVisible({ timeout: 30_000 })
  await expect(frame(studio, 'photo.jpg')).toContainText(`4032 × 3024 · JPEG · ${(photo.length / 1e6).toFixed(1)} MB`)
  await expect(frame(studio, 'photo.jpg').getByRole('link')).toHaveText(['480', '960', '1920'], { timeout: 30_000 })
})

test('a file larger than the hub takes is refused in words', async ({ studio }) => {
  await studio.getByLabel('Pictures').setInputFiles({ name: 'huge.tif', mimeType: 'image/tiff', buffer: Buffer.alloc(19_000_000, 7) })
  await expect(frame(studio, 'huge.tif')).toContainText('This file is larger than the hub takes.')
})

test('a picture dropped while no worker is there says so, and is developed when one comes', async ({ page }) => {
  const house = await StudioHouse.open()
  try {
    await page.goto(house.url)
    await drop(page, [await picture('early.png', '#224466')])
    await expect(frame(page, 'early.png')).toContainText('no worker is there that could do it', { timeout: 15_000 })
    await house.startWorker()
    await expect(thumbnail(page, 'early.png')).toBeVisible()
  } finally {
    await house.close()
  }
})

test('a picture dropped while the hub is away is handed over when it is back, however late', async ({ page }) => {
  const house = await House.build()
  const hub = await house.hub()
  const studio = await StudioHouse.of(house, hub)
  try {
    await page.clock.install()
    await page.goto(studio.url)
    await expect(page.getByRole('status')).toHaveText(/Connected/)
    await hub.stop('SIGKILL')
    await drop(page, [await picture('patient.png', '#446622')])
    await expect(frame(page, 'patient.png')).toContainText('the hub cannot be reached', { timeout: 15_000 })
    await page.clock.fastForward(60_000)
    await hub.start()
    await studio.startWorker()
    await expect(thumbnail(page, 'patient.png')).toBeVisible({ timeout: 20_000 })
  } finally {
    await studio.close()
  }
})

test('a painting goes on over a hub that is killed and a worker that dies', async ({ page }) => {
  const house = await House.build()
  const hub = await house.hub()
  const studio = await StudioHouse.of(house, hub)
  try {
    const worker = await studio.startWorker()
    await page.goto(studio.url)
    await drop(page, [await picture('storm.png', '#334455')])
    await paint(page, 'storm.png')
    await expect(painting(page, 'storm.png')).toContainText('Coat 2 of 4')
    const before = await share(page, 'storm.png')
    await hub.stop('SIGKILL')
    await hub.start()
    await expect.poll(() => share(page, 'storm.png'), { timeout: 20_000 }).toBeGreaterThan(before)
    expect(await paintedRows(page, 'storm.png')).toBe(1)

    await worker.stop('SIGKILL')
    await studio.startWorker()
    await expect(painting(page, 'storm.png')).toContainText('Attempt 1 The worker died at it.', { timeout: 20_000 })
    await expect(painting(page, 'storm.png')).toContainText('Coat 1 of 4, attempt 2', { timeout: 20_000 })
    await expect(frame(page, 'storm.png').getByRole('img', { name: 'storm.png in oils' })).toBeVisible({ timeout: 20_000 })
  } finally {
    await studio.close()
  }
})

test('everything can be done with the keyboard alone', async ({ studio }) => {
  await studio.keyboard.press('Tab')
  await expect(studio.getByRole('button', { name: 'Choose pictures' })).toBeFocused()
  await studio.keyboard.press('Tab')
  await studio.keyboard.press('Enter')
  await expect(thumbnail(studio, 'lemons.jpg')).toBeVisible({ timeout: 20_000 })
  await studio.getByRole('button', { name: 'Remove lemons.jpg' }).focus()
  await studio.keyboard.press('Enter')
  await expect(frame(studio, 'lemons.jpg')).toHaveCount(0)
  await expect(studio.getByText('5 frames on the table')).toBeVisible()
})

test('the page is served on, whatever is asked for', async ({ house }) => {
  for (const [path, status] of [
    ['//', 404],
    ['/%', 404],
    ['/', 200],
  ] as const)
    expect((await fetch(`${house.url}${path}`)).status).toBe(status)
})
