import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../temporaryFolder.js'
import { startChild } from './child.js'

/** What `fillingChild` reports. */
interface Report {
  readonly stored: number
  readonly storedAs: string[]
  readonly refusedAs: { readonly reason: string; readonly types: string[]; readonly count: number }
  readonly afterwards?: string
}

async function fill(args: readonly string[], wrapper: readonly string[]): Promise<Report> {
  const child = startChild('fillingChild.mjs', args, wrapper)
  expect(await child.ended).toBe(0)
  return JSON.parse(child.lines()[0] ?? '{}') as Report
}

test('a file that cannot grow: the call is refused whole, all before it stands, and the store can be read and opened again', async () => {
  // Beyond this size, in 512-byte blocks, the system fails every write of the process.
  const limited = ['sh', '-c', `trap '' XFSZ; ulimit -f 8192; exec "$@"`, 'sh']
  const report = await fill([temporaryFolder()], limited)
  expect(report.stored).toBeGreaterThan(10)
  expect(report.storedAs).toEqual(['known'])
  expect(report.refusedAs).toEqual({ reason: expect.stringMatching(/^SQLITE_IOERR/), types: ['not_found'], count: 3 })
})

const ownMounts = ['unshare', '--mount', '--map-root-user']
const canMount = spawnSync('unshare', [...ownMounts.slice(1), 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0

test.skipIf(!canMount)(
  'a disk that is full (a small one in a mount namespace of its own): the same, and with room again it stores again',
  async () => {
    const folder = temporaryFolder()
    const onSmallDisk = [...ownMounts, 'sh', '-c', `mount -t tmpfs -o size=8m tmpfs '${folder}' && exec "$@"`, 'sh']
    const report = await fill([folder, '4500000'], onSmallDisk)
    expect(report.stored).toBeGreaterThan(10)
    expect(report.storedAs).toEqual(['known'])
    expect(report.refusedAs).toEqual({ reason: expect.stringMatching(/^SQLITE_FULL/), types: ['not_found'], count: 3 })
    expect(report.afterwards).toBe('stored')
  },
)
