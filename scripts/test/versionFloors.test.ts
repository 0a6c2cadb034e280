import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** The releases below which something reaches a hub that must not. */
const floors = {
  ws: '8.23.0',
  'socket.io': '4.8.4',
  'socket.io-parser': '4.2.7',
  'engine.io': '6.6.7',
  devalue: '6.0.3',
  zod: '4.6.0',
}

/** Copies below the floor that come with a package, and why nobody reaches them. */
const exempt: Readonly<Record<string, string>> = {
  'node_modules/engine.io/node_modules/ws': 'the hub passes its own as wsEngine',
  'node_modules/engine.io-client/node_modules/ws': 'only tests speak through it',
  'node_modules/socket.io-adapter/node_modules/ws': 'only frames what is sent to a room of Socket.IO, and a hub has none',
}

const lock: { packages: Record<string, { version?: string }> } = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'))

const copies = Object.entries(lock.packages).flatMap(([path, { version = '' }]) => {
  const name = path.split('node_modules/').at(-1) ?? ''
  return name in floors ? [{ path, version, floor: floors[name as keyof typeof floors] }] : []
})

function isAtLeast(version: string, floor: string): boolean {
  const [have, want] = [version, floor].map((text) => text.split('.').map(Number)) as [number[], number[]]
  const differs = want.findIndex((part, at) => have[at] !== part)
  return differs < 0 || (have[differs] as number) > (want[differs] as number)
}

describe('the lockfile', () => {
  it('has each package that a hub reads the wire with', () => {
    expect(
      new Set(copies.filter(({ path }) => path.lastIndexOf('node_modules/') === 0).map(({ path }) => path.slice('node_modules/'.length))),
    ).toEqual(new Set(Object.keys(floors)))
  })

  it.each(copies.filter(({ path }) => !(path in exempt)))('has $path at $version, not below $floor', ({ version, floor }) => {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    expect(isAtLeast(version, floor)).toBe(true)
  })

  it.each(Object.entries(exempt))('still has %s, of which %s', (path) => {
    expect(lock.packages).toHaveProperty([path])
  })
})
