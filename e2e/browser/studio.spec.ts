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

  async startWorker(): Promise<void> {
    const worker = new Program('studio worker', [join(dist, 'worker.js'), '--hub', this.hub.url])
    this.#programs.push(worker)
    await worker.line((line) => line.text.includes('connected'))
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
  await expect(async () => {
    await card.getByRole('button', { name: 'Await again' }).click({ timeout: 6000 })
    await expect(card.getByRole('img', { name: 'wall.png in oils' })).toBeVisible({ timeout: 6000 })
  }).toPass({ timeout: 30_000 })
  await card.getByRole('button', { name: 'Show the photograph' }).click()
  await expect(card.getByRole('img', { name: 'wall.png in oils' })).toBeHidden()
})

test('after a reload every result is there again, and the painting under way is picked up', async ({ studio }) => {
  await drop(studio, [await picture('one.png', '#116633'), await picture('two.png', '#663311'), letter])
  await expect(thumbnail(studio, 'one.png')).toBeVisible()
  await expect(thumbnail(studio, 'two.png')).toBeVisible()
  await studio.getByRole('button', { name: 'Make a contact sheet' }).click()
  await expect(studio.getByRole('img', { name: 'Contact sheet of 2 frames' })).toBeVisible({ timeout: 20_000 })
  await frame(studio, 'one.png').getByRole('button', { name: 'Paint in oils' }).click()
  await expect(frame(studio, 'one.png')).toContainText('Waiting 3 seconds for the painting…')

  await studio.reload()
  await expect(thumbnail(studio, 'one.png')).toBeVisible()
  expect(await naturalWidth(studio, 'two.png')).toBe(480)
  await expect(swatches(studio, 'one.png')).toHaveCount(1)
  expect(await distance(studio, 'one.png', '#116633')).toBeLessThan(10)
  await expect(frame(studio, 'two.png').getByRole('link')).toHaveText(['480', '960'])
  await expect(frame(studio, 'letter.png')).toContainText('This is a text file')
  await expect(studio.getByRole('img', { name: 'Contact sheet of 2 frames' })).toBeVisible()
  await frame(studio, 'one.png').getByRole('button', { name: 'Await again' }).click()
  await expect(async () => {
    const again = frame(studio, 'one.png').getByRole('button', { name: 'Await again' })
    if (await again.isVisible()) await again.click()
    await expect(frame(studio, 'one.png').getByRole('img', { name: 'one.png in oils' })).toBeVisible({ timeout: 1000 })
  }).toPass({ timeout: 30_000 })
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
