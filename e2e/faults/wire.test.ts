import { createServer, connect as dial, type Socket } from 'node:net'
import { test as base, expect } from 'vitest'
import { Wire } from '#e2e/harness/wire.js'

/** A wire to a server that says everything back. */
const test = base.extend<{ wire: Wire }>({
  wire: async ({}, use) => {
    const echo = createServer((socket) => void socket.on('error', () => {}).pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    const wire = await Wire.open((echo.address() as { port: number }).port)
    await use(wire)
    await wire.close()
    echo.close()
  },
})

/** Resolves with all that has come, once it is this long. */
function heard(socket: Socket, length: number): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes
      if (text.length >= length) resolve(text)
    })
  })
}

test('a frozen wire lets nothing through and tells no end; after the thaw everything comes, in order', async ({ wire }) => {
  const old = dial(wire.port, '127.0.0.1')
  const first = heard(old, 1)
  old.write('1')
  expect(await first).toBe('1')
  wire.freeze()
  const young = dial(wire.port, '127.0.0.1')
  const all = [heard(old, 2), heard(young, 2)]
  for (const socket of [old, young]) for (const said of ['2', '3']) socket.write(said)
  const silence = new Promise((resolve) => setTimeout(resolve, 300, 'silence'))
  expect(await Promise.race([...all, silence])).toBe('silence')
  wire.thaw()
  expect(await Promise.all(all)).toEqual(['23', '23'])
  for (const socket of [old, young]) socket.destroy()
})

test('a wire that is cut ends every connection, and takes no other until it is mended', async ({ wire }) => {
  const ended = (socket: Socket) => new Promise((resolve) => socket.on('error', () => {}).once('close', () => resolve('ended')))
  const old = dial(wire.port, '127.0.0.1')
  const first = heard(old, 1)
  old.write('1')
  await first
  const end = ended(old)
  wire.cut({ down: true })
  expect(await end).toBe('ended')
  expect(await ended(dial(wire.port, '127.0.0.1'))).toBe('ended')
  wire.mend()
  const later = dial(wire.port, '127.0.0.1')
  const answer = heard(later, 1)
  later.write('2')
  expect(await answer).toBe('2')
  later.destroy()
})
