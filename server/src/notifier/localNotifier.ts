import type { Notifier } from './notifier.js'

/** The notifier of a hub that is alone with its store: there is nobody to tell. */
export class LocalNotifier implements Notifier {
  publish(): void {}
  subscribe(): void {}
  async close(): Promise<void> {}
}
