import type { Client } from '@anchorleg/client'
import { contactSheet, type Picture, type Step, thumbnail } from '../jobs.js'
import type { Album, Sheet } from './album.js'
import { attend } from './attend.js'
import { callOff } from './callOff.js'
import type { Relayed } from './follow.js'
import { handOver } from './handOver.js'
import { announce } from './news.js'
import type { SheetPanel } from './sheetPanel.js'
import { counted } from './words.js'

/** Makes one sheet out of the thumbnails of many frames. */
export class ContactSheets {
  #left = new AbortController()

  constructor(
    private readonly client: Client,
    private readonly album: Album,
    private readonly panel: SheetPanel,
  ) {}

  /** Awaits all thumbnails together and has those that came laid out; the names of the others stand under the sheet. Begins once all are `submitted`. */
  async make(submitted: Promise<unknown>): Promise<void> {
    this.#leave('Another sheet was asked for.')
    const { signal } = this.#left
    this.panel.wait(`Awaiting ${counted(this.album.frames.length, 'thumbnail')}…`)
    await submitted
    const asked = this.album.frames.flatMap(({ name, refs }) => (refs.thumbnail ? { name, ref: refs.thumbnail } : []))
    const results = await this.client.awaitMany(
      asked.map(({ ref }) => this.client.attach(ref, thumbnail)),
      { timeout: 10_000, signal },
    )
    if (signal.aborted) return
    const answers = asked.map(({ name }, index) => ({ name, result: results[index] }))
    const frames = answers.flatMap(({ name, result }) => (result?.type === 'ok' ? { name, bytes: result.value.bytes } : []))
    if (frames.length === 0) return this.panel.fail('None of these frames could be developed, so there is nothing to lay out.')
    const job = contactSheet.new({ title: 'Contact sheet', frames })
    const leftOut = answers.filter(({ result }) => result?.type !== 'ok').map(({ name }) => name)
    this.album.sheet = { ref: job.ref, count: frames.length, leftOut }
    this.album.keep()
    await this.#await(this.album.sheet, handOver(this.client, job, signal))
  }

  /** Awaits again the sheet of an earlier visit, if there was one. */
  async resume(): Promise<void> {
    const { sheet } = this.album
    if (sheet) await this.#await(sheet, this.client.attach(sheet.ref, contactSheet))
  }

  /** Takes the sheet away, and calls it off if it is not finished. */
  clear(): void {
    this.#leave('The table was cleared.')
    this.panel.hide()
  }

  #leave(why: string): void {
    const { sheet } = this.album
    this.#left.abort()
    this.#left = new AbortController()
    this.album.sheet = undefined
    if (sheet) callOff(this.client, this.client.attach(sheet.ref), why)
  }

  async #await(sheet: Sheet, relay: Relayed<Picture, Step>): Promise<void> {
    const { signal } = this.#left
    const result = await attend(this.client, relay, { panel: this.panel.attend(), subject: 'Contact sheet', signal })
    if (signal.aborted || result.type !== 'ok') return
    this.panel.show(result.value, sheet)
    announce(`The contact sheet of ${counted(sheet.count, 'frame')} is ready.`)
  }
}
