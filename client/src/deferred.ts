/** A promise to settle from outside. */
export interface Deferred<T = void> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve']
  let reject!: Deferred<T>['reject']
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** One whose rejection is never an unhandled one. */
export function quietlyDeferred(): Deferred {
  const quiet = deferred()
  quiet.promise.catch(() => {})
  return quiet
}
