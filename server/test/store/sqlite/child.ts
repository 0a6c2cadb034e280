import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** A program of this folder in a process of its own. */
export interface Child {
  readonly process: ChildProcess
  /** Whole lines it has written so far. */
  lines(): string[]
  /** Resolves once it has written so many lines, or has ended. */
  hasWritten(count: number): Promise<void>
  /** Resolves when it has ended, with its code, or the signal that killed it. */
  readonly ended: Promise<number | string>
}

/** Starts a program of this folder, in front of which `wrapper` may put others; it is killed when the test ends. */
export function startChild(script: string, args: readonly string[], wrapper: readonly string[] = []): Child {
  const command = [...wrapper, process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args]
  const child = spawn(command[0] as string, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    output += part
    child.emit('progress')
  })
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string)
  let over = false
  void ended.then(() => {
    over = true
    child.emit('progress')
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const lines = () => output.split('\n').slice(0, -1)
  return {
    process: child,
    lines,
    ended,
    async hasWritten(count) {
      while (!over && lines().length < count) await once(child, 'progress')
    },
  }
}
