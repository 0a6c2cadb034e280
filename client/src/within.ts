import { after } from '@anchorleg/shared'

/** What a promise gives within so many milliseconds; undefined when it gives nothing in time, or rejects. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const stop = after(ms, () => resolve(undefined))
    const settle = (value?: T) => {
      stop()
      resolve(value)
    }
    promise.then(settle, () => settle())
  })
}
