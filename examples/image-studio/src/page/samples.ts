import { aurora, dunes, lemons, poppies, sea, tiles } from './sampleScenes.js'

const scenes = [
  { name: 'dunes-at-dusk.jpg', width: 2100, height: 1400, draw: dunes },
  { name: 'poppies.jpg', width: 2100, height: 1400, draw: poppies },
  { name: 'night-sea.jpg', width: 2100, height: 1400, draw: sea },
  { name: 'tiles.jpg', width: 1960, height: 1960, draw: tiles },
  { name: 'aurora.jpg', width: 2100, height: 1400, draw: aurora },
  { name: 'lemons.jpg', width: 1600, height: 2000, draw: lemons },
]

/** Pictures drawn in this page, for those who have no files at hand. */
export function samplePictures(): Promise<File[]> {
  return Promise.all(scenes.map(drawn))
}

async function drawn({ name, width, height, draw }: (typeof scenes)[number]): Promise<File> {
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d')
  if (!context) throw new Error('This browser gives no canvas to draw on.')
  draw({ context, width, height, random: randomFrom(name.length * 7919) })
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92))
  if (!blob) throw new Error('This browser could not encode a sample picture.')
  return new File([blob], name, { type: blob.type })
}

/** A file that only claims to be a picture. */
export function imposter(): File {
  return new File(['Dear developer,\nI am a letter, not a picture.\n'], 'letter.png', { type: 'image/png' })
}

/** The same numbers each time, so that the samples look the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  }
}
