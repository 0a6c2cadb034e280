import { afterAll, beforeAll, expect, it } from 'vitest'
import { Scene, type SceneOptions } from '#e2e/hostile/scene.js'

/** A row of a table: what a peer does in words, the answer it must get, and how it is done. */
export type Line<Stage = undefined> = readonly [input: string, answer: string, play: (scene: Scene, stage: Stage) => Promise<string>]

/** What the hub may keep beyond what it kept before all of it, in bytes: its caches, and what a busy heap has not given back. */
const keptBytes = 16 * 1024 * 1024

/** Memory of the process that may stay with it after a load, in bytes: an allocator gives little back. */
const residentBytes = 256 * 1024 * 1024

interface Setting<Stage> extends SceneOptions {
  /** What the rows share beside the scene. */
  readonly stage?: (scene: Scene) => Promise<Stage>
  /** How long one row may take, in ms. */
  readonly timeoutMs?: number
}

/**
 * Plays the rows one after the other against one hub. Each must get its answer; meanwhile and afterwards another client's jobs are
 * done, and the hub is alive. When all have been played, the memory has come back, and nothing went wrong in the hub unseen.
 */
export function play<Stage = undefined>(rows: readonly Line<Stage>[], setting: Setting<Stage> = {}): void {
  let scene: Scene
  let stage: Stage
  let before = 0
  let resident = 0
  beforeAll(async () => {
    scene = await Scene.open(setting)
    stage = (await setting.stage?.(scene)) as Stage
    const memory = await scene.memory()
    before = memory.held
    resident = memory.rss
  })
  afterAll(() => scene?.[Symbol.asyncDispose]())

  it.each(rows)('%s → %s', { timeout: setting.timeoutMs ?? 30_000 }, async (_, answer, act) => {
    const [given, meanwhile] = await Promise.all([act(scene, stage), scene.serve()])
    expect(given).toBe(answer)
    expect(meanwhile).toBe('served')
    expect(await scene.serve()).toBe('served')
    expect(await scene.alive()).toBe('alive')
  })

  it('and the memory has come back', async () => {
    await expect.poll(async () => (await scene.memory()).held, { timeout: 15_000, interval: 500 }).toBeLessThan(before + keptBytes)
    expect((await scene.memory()).rss).toBeLessThan(resident + residentBytes)
  })

  it('and nothing went wrong in the hub unseen', () => {
    expect(scene.program.lines(({ msg, level, text }) => msg === 'message.failed' || Number(level) >= 50 || !text.startsWith('{'))).toEqual([])
  })
}
