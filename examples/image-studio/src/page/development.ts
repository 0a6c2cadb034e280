import type { Client } from '@anchorleg/client'
import { palette, sizes, type Thumbnail, thumbnail } from '../jobs.js'
import type { Album, Frame } from './album.js'
import { follow, type Relayed } from './follow.js'
import type { FrameCard, Stage } from './frameCard.js'
import { handOver } from './handOver.js'
import { announce } from './news.js'
import { waitsFor, whyNot } from './words.js'

/** Has frames developed: a thumbnail and several sizes of the file, then the colours of the thumbnail. */
export class Development {
  constructor(
    private readonly client: Client,
    private readonly album: Album,
  ) {}

  /** Hands a file over. Resolves once the hub has stored its jobs, or refused them. */
  async submit(frame: Frame, card: FrameCard, file: File): Promise<void> {
    const bytes = await readFile(file)
    if (card.gone) return
    if (!bytes) return card.fail('This file cannot be read. Was it moved or deleted?')
    const small = thumbnail.new({ bytes })
    const all = sizes.new({ bytes })
    Object.assign(frame.refs, { thumbnail: small.ref, sizes: all.ref })
    this.album.keep()
    const relays = [handOver(this.client, small, card.signal), handOver(this.client, all, card.signal)] as const
    this.#thumbnail(frame, card, relays[0])
    this.#stage(card, 'sizes', relays[1], (prints) => card.showSizes(prints))
    await Promise.allSettled(relays)
  }

  /** Awaits again what an earlier visit had asked for. */
  resume(frame: Frame, card: FrameCard): void {
    const { refs } = frame
    if (!refs.thumbnail || !refs.sizes) {
      card.fail('The page was left before this file had reached the hub. Drop it again.')
      return
    }
    this.#thumbnail(frame, card, this.client.attach(refs.thumbnail, thumbnail))
    this.#stage(card, 'sizes', this.client.attach(refs.sizes, sizes), (prints) => card.showSizes(prints))
  }

  #thumbnail(frame: Frame, card: FrameCard, relay: Relayed<Thumbnail>): void {
    this.#stage(card, 'thumbnail', relay, (small) => {
      card.showThumbnail(small)
      this.#colours(frame, card, small)
    })
  }

  #colours({ refs }: Frame, card: FrameCard, { bytes }: Thumbnail): void {
    const job = palette.new({ bytes }, { ref: refs.palette })
    refs.palette = job.ref
    this.album.keep()
    this.#stage(card, 'palette', handOver(this.client, job, card.signal), (swatches) => card.showColours(swatches))
  }

  /** One of the things asked for a frame: shows what it waits for, then how it ended. */
  async #stage<T>(card: FrameCard, task: Stage, relay: Relayed<T>, onValue: (value: T) => void): Promise<void> {
    const began = performance.now()
    card.stage(task, 'waiting')
    const result = await follow(this.client, relay, (waiting) => card.stage(task, 'waiting', waitsFor[waiting]))
    if (card.gone) return
    if (result.type === 'ok') {
      card.stage(task, 'done', `${Math.round(performance.now() - began)} ms`)
      onValue(result.value)
      if (task === 'thumbnail') announce(`${card.name} is developed.`)
      return
    }
    card.stage(task, 'failed')
    card.fail(whyNot(result))
    if (task === 'thumbnail') announce(`${card.name}: ${whyNot(result)}`)
  }
}

async function readFile(file: File): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await file.arrayBuffer())
  } catch {
    return undefined
  }
}
