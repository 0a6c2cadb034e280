import { parseArgs } from 'node:util'
import { connect, unwrap } from '@anchorleg/client'
import sharp from 'sharp'
import { palette, thumbnail } from './jobs.js'

/** Sends one generated picture through the studio, as a page would, and says what came back. */
async function tryOut(hub: string): Promise<string> {
  await using client = connect(hub)
  const bytes = new Uint8Array(await sharp(Buffer.from(sunset)).jpeg().toBuffer())
  await client.ready
  const began = performance.now()
  const small = client.async(thumbnail.new({ bytes }))
  const mixed = client.async(palette.new({ bytes }))
  const [print, swatches] = await client.awaitMany([small, mixed], 20_000)
  const { width, height, original } = unwrap(print)
  const colours = unwrap(swatches).map(({ colour }) => colour)
  const took = Math.round(performance.now() - began)
  return `a ${original.width} × ${original.height} picture came back as a ${width} × ${height} thumbnail and ${colours.join(' ')} in ${took} ms`
}

const sunset = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800">
  <linearGradient id="sky" x1="0" x2="0" y1="0" y2="1"><stop stop-color="#27306b" /><stop offset=".6" stop-color="#f08a5d" /></linearGradient>
  <rect width="1200" height="800" fill="url(#sky)" /><circle cx="800" cy="420" r="90" fill="#fff1c4" />
  <path d="M0 560Q300 380 620 560T1200 500V800H0Z" fill="#6a3b5e" /><path d="M0 690Q400 560 760 690T1200 660V800H0Z" fill="#2b1a36" />
</svg>`

const { values } = parseArgs({ options: { hub: { type: 'string', default: 'http://127.0.0.1:4040' } } })
console.log(await tryOut(values.hub))
