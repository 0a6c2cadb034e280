import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Event } from './event.js'

/** Reads what all the processes of a test wrote down in this folder, in the order in which it happened. */
export async function readHistory(folder: string): Promise<Event[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
  const read = files.map(async (name) => linesOf(await readFile(join(folder, name), 'utf8')))
  return (await Promise.all(read)).flat().sort((a, b) => a.at - b.at)
}

/** What is behind the last line's end was being written when its process was killed. */
function linesOf(text: string): Event[] {
  const lines = text.split('\n')
  lines.pop()
  return lines.map((line) => JSON.parse(line))
}
