import type { Client } from '@anchorleg/client'
import { Album, type Frame } from './album.js'
import { callOff } from './callOff.js'
import { ContactSheets } from './contactSheets.js'
import { Development } from './development.js'
import { Easel } from './easel.js'
import { part } from './element.js'
import { Enlarger } from './enlarger.js'
import { FrameCard } from './frameCard.js'
import { Inbox } from './inbox.js'
import { announce } from './news.js'
import { SheetPanel } from './sheetPanel.js'
import { counted } from './words.js'

/** The frames on the table, and who takes care of them. */
export class Studio {
  readonly #album = new Album(() => this.#showCount())
  readonly #cards = new Map<Frame, FrameCard>()
  readonly #inbox = new Inbox(2)
  readonly #development: Development
  readonly #easel: Easel
  readonly #enlarger: Enlarger
  readonly #sheets: ContactSheets

  constructor(private readonly client: Client) {
    this.#development = new Development(client, this.#album)
    this.#easel = new Easel(client, this.#album)
    this.#enlarger = new Enlarger(client, this.#album)
    this.#sheets = new ContactSheets(client, this.#album, new SheetPanel())
  }

  /** Puts files on the table and has them developed. */
  add(files: readonly File[]): void {
    for (const file of files) {
      const frame: Frame = { name: file.name, size: file.size, refs: {} }
      this.#album.frames.push(frame)
      const card = this.#lay(frame)
      this.#inbox.add(() => this.#development.submit(frame, card, file))
    }
    this.#album.keep()
    announce(`${counted(files.length, 'file')} added.`)
  }

  /** Awaits again what an earlier visit had asked for. */
  restore(): void {
    for (const frame of this.#album.frames) {
      const card = this.#lay(frame)
      this.#development.resume(frame, card)
      this.#easel.resume(frame, card)
      this.#enlarger.resume(frame, card)
    }
    this.#sheets.resume()
    this.#showCount()
  }

  /** Lays out everything on the table, files that are still on their way to the hub included. */
  makeSheet(): Promise<void> {
    return this.#sheets.make(this.#inbox.settled())
  }

  /** Takes everything off the table, and calls off what the workers have not finished. */
  clear(): void {
    for (const frame of [...this.#album.frames]) this.#remove(frame)
    this.#sheets.clear()
    this.#album.keep()
    announce('The table is clear.')
  }

  #lay(frame: Frame): FrameCard {
    const card: FrameCard = new FrameCard(frame, {
      onPaint: () => this.#easel.paint(frame, card),
      onPrint: () => this.#enlarger.print(frame, card),
      onRemove: () => this.#remove(frame),
    })
    this.#cards.set(frame, card)
    part('roll', HTMLElement).append(card.root)
    return card
  }

  #remove(frame: Frame): void {
    this.#cards.get(frame)?.remove()
    this.#cards.delete(frame)
    this.#album.frames.splice(this.#album.frames.indexOf(frame), 1)
    this.#album.keep()
    for (const ref of Object.values(frame.refs)) callOff(this.client, this.client.attach(ref), 'The frame was taken off the table.')
  }

  #showCount(): void {
    const count = this.#album.frames.length
    document.body.classList.toggle('busy', count > 0)
    part('bench', HTMLElement).hidden = count === 0
    part('count', HTMLElement).textContent = `${counted(count, 'frame')} on the table`
  }
}
