// What this package uses of its platform: found in Node and in every browser, so neither's types are needed whole.
declare global {
  function setTimeout(callback: () => void, ms: number): { readonly timer: unique symbol }
  function clearTimeout(timer: ReturnType<typeof setTimeout> | undefined): void
  /** Node's alone: absent in browsers. */
  const setImmediate: ((callback: () => void) => unknown) | undefined
  const performance: { now(): number }
  const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array }
  class TextEncoder {
    encode(text: string): Uint8Array
  }
  class MessageChannel {
    readonly port1: { onmessage: (() => void) | null }
    readonly port2: { postMessage(message: null): void }
  }
}

export {}
