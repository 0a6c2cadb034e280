import type { Client } from '@anchorleg/client'
import { type Picture, type Step, silverPrint } from '../jobs.js'
import type { Album, Frame } from './album.js'
import { attend } from './attend.js'
import type { Relayed } from './follow.js'
import type { FrameCard } from './frameCard.js'
import { handOver } from './handOver.js'
import { announce } from './news.js'

const secondsEach = 0.7

/** Has frames printed on silver in the old darkroom, where it takes more than one attempt. */
export class Enlarger {
  constructor(
    private readonly client: Client,
    private readonly album: Album,
  ) {}

  print(frame: Frame, card: FrameCard): void {
    if (!card.model) return
    const job = silverPrint.new({ bytes: card.model.bytes, secondsEach })
    frame.refs.print = job.ref
    this.album.keep()
    this.#attend(frame, card, handOver(this.client, job, card.signal))
  }

  /** Looks again at a print that was asked for before, at an earlier visit perhaps. */
  resume(frame: Frame, card: FrameCard): void {
    if (frame.refs.print) this.#attend(frame, card, this.client.attach(frame.refs.print, silverPrint))
  }

  async #attend(frame: Frame, card: FrameCard, relay: Relayed<Picture, Step>): Promise<void> {
    const { print: panel, name, signal } = card
    const result = await attend(this.client, relay, { panel, subject: name, signal, onAgain: () => this.print(frame, card) })
    if (signal.aborted || result.type !== 'ok') return
    card.showPrint(result.value)
    announce(`${name} is printed.`)
  }
}
