import type { Client } from '@anchorleg/client'
import { type Band, oilPainting, type Picture, type Step } from '../jobs.js'
import type { Album, Frame } from './album.js'
import { attend } from './attend.js'
import { button } from './element.js'
import type { Relayed } from './follow.js'
import type { FrameCard } from './frameCard.js'
import { handOver } from './handOver.js'
import { announce } from './news.js'
import { WetCanvas } from './wetCanvas.js'
import { waitsFor } from './words.js'

const dryingSeconds = 2

/** Has frames painted in oils, which takes longer than anybody likes to wait, but can be watched. */
export class Easel {
  constructor(
    private readonly client: Client,
    private readonly album: Album,
  ) {}

  paint(frame: Frame, card: FrameCard): void {
    if (!card.model) return
    const job = oilPainting.new({ bytes: card.model.bytes, dryingSeconds })
    frame.refs.painting = job.ref
    this.album.keep()
    this.#attend(frame, card, handOver(this.client, job, card.signal))
  }

  /** Looks again at a painting that was asked for before, at an earlier visit perhaps. */
  resume(frame: Frame, card: FrameCard): void {
    if (frame.refs.painting) this.#attend(frame, card, this.client.attach(frame.refs.painting, oilPainting))
  }

  /** Shows every band of paint as it comes, then the painting. */
  async #attend(frame: Frame, card: FrameCard, relay: Relayed<Picture, Step, Band>): Promise<void> {
    const { painting: panel, name, signal } = card
    const canvas = new WetCanvas(`${name} being painted`)
    const onChunk = async (band: Band, index: number) => {
      await canvas.add(band, index)
      if (index === 0) card.window.lay('painting', canvas.root)
    }
    const ending = attend(this.client, relay, { panel, subject: name, signal, onChunk, onAgain: () => this.paint(frame, card) })
    this.#await(card, relay, 3000)
    const result = await ending
    if (signal.aborted) return
    if (result.type !== 'ok') return card.window.take('painting')
    card.showPainting(result.value)
    announce(`${name} is painted.`)
  }

  /** Waits for so many milliseconds, then says what the painting waits for and leaves it to the person to wait again. */
  async #await(card: FrameCard, relay: Relayed<Picture>, patience: number): Promise<void> {
    const { painting: panel, name, signal } = card
    panel.note(`Waiting ${patience / 1000} seconds for the painting…`)
    const result = await this.client.await(relay, { timeout: patience, withRetries: true, signal })
    if (result.type !== 'error' || result.error.code !== 'timeout' || !panel.isUnderWay) return
    const text = `No painting after ${patience / 1000} seconds: ${waitsFor[result.error.waiting]}. It goes on without us.`
    const again = button('Await again', () => this.#await(card, relay, 5000))
    panel.note(text, again)
    announce(`${name}: ${text}`)
  }
}
