/** What the test that started this process says to it. */
export type Told = { readonly release: string }

const keys = new Set<string>()
const waiting = new Map<string, (() => void)[]>()

process.on('message', ({ release }: Told) => {
  keys.add(release)
  for (const resolve of waiting.get(release) ?? []) resolve()
  waiting.delete(release)
})

/** Resolves when the test has released this key, be it before or after the call. */
export function released(key: string): Promise<void> {
  if (keys.has(key)) return Promise.resolve()
  return new Promise((resolve) => waiting.set(key, [...(waiting.get(key) ?? []), resolve]))
}

/** Tells the test that the job with this key has started. */
export function started(key: string, attempt: number): void {
  say({ msg: 'started', key, attempt, at: Date.now() })
}

/** Tells the test that the handler of the job with this key is about to return. */
export function finished(key: string, attempt: number): void {
  say({ msg: 'finished', key, attempt, at: Date.now() })
}

/** Tells the test why the signal of the job with this key has aborted. */
export function aborted(key: string, attempt: number, { name, message, reason }: Error & { reason?: unknown }): void {
  say({ msg: 'aborted', key, attempt, name, message, reason })
}

/** Writes one line of JSON. */
export function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
