import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { Load, type LoadOptions } from '#e2e/faults/load.js'
import { type Planted, plant } from '#e2e/faults/plant.js'
import type { House } from '#e2e/harness/house.js'
import type { Program } from '#e2e/harness/program.js'
import { checkHistory } from '#e2e/history/checkHistory.js'
import { test } from './test.js'

const shortLease = ['--lease', '1000']

/** Any token settles an attempt. */
const noFence: Planted = { file: 'store/sqlite/settle.js', replace: 'if (row?.lease === lease)', by: 'if (row)' }

/** Jobs are acknowledged a while before they are stored. */
const earlyAck: Planted = {
  file: 'intake.js',
  replace: 'const pledge = this.rooms.dispatcher.pledgeFor(',
  by: `for (const { jobs, submission } of pieces) submission.resolve(jobs.map(({ ref, name, queue }) => ({ ref, name, queue, conflict: false })));
        await new Promise((resolve) => setTimeout(resolve, 200));
        const pledge = this.rooms.dispatcher.pledgeFor(`,
}

/** Who awaits a job joins its room only a while after the store has been read. */
const lateRoom: readonly Planted[] = [
  { file: 'courier.js', replace: 'this.join(session, each);\n        try {', by: ';\n        try {' },
  {
    file: 'courier.js',
    replace: 'const standings = await this.look(session, wanted);',
    by: `const standings = await this.look(session, wanted);
            await new Promise((resolve) => setTimeout(resolve, 20));
            for (const each of wanted) this.join(session, each);`,
  },
]

async function loadOn(house: House, planted: readonly Planted[], options: LoadOptions): Promise<Load> {
  return Load.start(house, { ...options, main: await plant(join(house.folder, 'planted'), planted) })
}

/** What the checker says, each finding once. */
async function whatIsSaid(load: Load): Promise<string[]> {
  const findings = checkHistory(await load.finish(), { calmMs: 0 })
  return [...new Set(findings.map(({ rule, says }) => `${rule}: ${says}`))]
}

describe('the checker finds the fault in a hub', () => {
  test('that lets a run settle whose lease was taken', async ({ house }) => {
    const load = await loadOn(house, [noFence], { flags: shortLease })
    await load.more(30)
    const [sleeper] = load.workers as [Program]
    await load.outlast(sleeper)
    await load.more(30)
    expect(await whatIsSaid(load)).toContainEqual(expect.stringMatching(/^fences: outcome \d+, of attempt \d+, came from a run of attempt \d+$/))
  })

  test('that acknowledges before it has stored', async ({ house }) => {
    const load = await loadOn(house, [earlyAck], { flags: shortLease })
    await load.more(30)
    await load.hubs[0]?.restart('SIGKILL')
    expect(await whatIsSaid(load)).toContain('nothingLost: was acknowledged and is not_found at the end')
  })

  test('that reads the store before it joins the room', async ({ house }) => {
    const load = await loadOn(house, lateRoom, { longest: 3 })
    await load.more(100)
    expect(await whatIsSaid(load)).toContainEqual(expect.stringMatching(/^promptAwaits: an await ended \d+ ms after its outcome was stored$/))
  })

  test('but a fault whose place is not found is not planted', async ({ house }) => {
    const nowhere = { file: 'intake.js', replace: 'what nobody wrote', by: '' }
    await expect(plant(join(house.folder, 'planted'), [nowhere])).rejects.toThrow('0 times')
  })
})
