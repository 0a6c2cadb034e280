import type { Client } from '@anchorleg/client'
import { contactSheet, type Picture, thumbnail } from '../jobs.js'
import type { Album, Sheet } from './album.js'
import { follow, type Relayed } from './follow.js'
import { handOver } from './handOver.js'
import { announce } from './news.js'
import type { SheetPanel } from './sheetPanel.js'
import { counted, waitsFor, whyNot } from './words.js'

/** Makes one sheet out of the thumbnails of many frames. */
export class ContactSheets {
  constructor(
    private readonly client: Client,
    private readonly album: Album,
    private readonly panel: SheetPanel,
  ) {}

  /** Awaits all thumbnails together and has those that came laid out; the names of the others stand under the sheet. Begins once all are `submitted`. */
  async make(submitted: Promise<unknown>): Promise<void> {
    this.panel.wait(`Awaiting ${counted(this.album.frames.length, 'thumbnail')}…`)
    await submitted
    const asked = this.album.frames.flatMap(({ name, refs }) => (refs.thumbnail ? { name, ref: refs.thumbnail } : []))
    const results = await this.client.awaitMany(
      asked.map(({ ref }) => this.client.attach(ref, thumbnail)),
      10_000,
    )
    const answers = asked.map(({ name }, index) => ({ name, result: results[index] }))
    const frames = answers.flatMap(({ name, result }) => (result?.type === 'ok' ? { name, bytes: result.value.bytes } : []))
    if (frames.length === 0) return this.panel.fail('None of these frames could be developed, so there is nothing to lay out.')
    const job = contactSheet.new({ title: 'Contact sheet', frames })
    const leftOut = answers.filter(({ result }) => result?.type !== 'ok').map(({ name }) => name)
    this.album.sheet = { ref: job.ref, count: frames.length, leftOut }
    this.album.keep()
    await this.#await(this.album.sheet, handOver(this.client, job))
  }

  /** Awaits again the sheet of an earlier visit, if there was one. */
  async resume(): Promise<void> {
    const { sheet } = this.album
    if (sheet) await this.#await(sheet, this.client.attach(sheet.ref, contactSheet))
  }

  /** Takes the sheet away. */
  clear(): void {
    this.album.sheet = undefined
    this.panel.hide()
  }

  async #await(sheet: Sheet, relay: Relayed<Picture>): Promise<void> {
    this.panel.wait(`Laying out ${counted(sheet.count, 'frame')}…`)
    const result = await follow(this.client, relay, (waiting) => this.panel.wait(`No sheet yet: ${waitsFor[waiting]}.`))
    if (this.album.sheet !== sheet) return
    if (result.type === 'ok') this.panel.show(result.value, sheet)
    else this.panel.fail(whyNot(result))
    announce(result.type === 'ok' ? `The contact sheet of ${counted(sheet.count, 'frame')} is ready.` : whyNot(result))
  }
}
