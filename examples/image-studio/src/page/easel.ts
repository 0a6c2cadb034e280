import type { Client } from '@anchorleg/client'
import { oilPainting, type Picture } from '../jobs.js'
import type { Album, Frame } from './album.js'
import type { Relayed } from './follow.js'
import type { FrameCard } from './frameCard.js'
import { handOver } from './handOver.js'
import { announce } from './news.js'
import { waitsFor, whyNot } from './words.js'

const dryingSeconds = 2

/** Has frames painted in oils, which takes longer than anybody likes to wait. */
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
    this.#await(card, handOver(this.client, job), 3000)
  }

  /** Awaits a painting that was asked for before, at an earlier visit perhaps. */
  resume({ refs }: Frame, card: FrameCard): void {
    if (refs.painting) this.#await(card, this.client.attach(refs.painting, oilPainting), 3000)
  }

  /** Waits for so many milliseconds, then says what the painting waits for and leaves it to the person to ask again. */
  async #await(card: FrameCard, relay: Relayed<Picture>, patience: number): Promise<void> {
    card.paintingWaits(`Waiting ${patience / 1000} seconds for the painting…`)
    const result = await this.client.await(relay, { timeout: patience, withRetries: true })
    if (card.gone) return
    if (result.type === 'ok') {
      card.showPainting(result.value)
      announce(`${card.name} is painted.`)
    } else if (result.type === 'error' && result.error.code === 'timeout') {
      const text = `No painting after ${patience / 1000} seconds: ${waitsFor[result.error.waiting]}. It goes on without us.`
      card.paintingLate(text, () => this.#await(card, relay, 5000))
      announce(`${card.name}: ${text}`)
    } else {
      card.paintingFailed(whyNot(result))
      announce(`${card.name}: ${whyNot(result)}`)
    }
  }
}
