import type { Announcement } from '../store/store.js'
import type { Notifier } from './notifier.js'

/** The notifier of a hub that is alone with its store: it hands announcements straight on. */
export class LocalNotifier implements Notifier {
  readonly #listeners: ((announcements: readonly Announcement[]) => void)[] = []

  publish(announcements: readonly Announcement[]): void {
    if (announcements.length === 0) return
    for (const listener of this.#listeners) listener(announcements)
  }

  subscribe(listener: (announcements: readonly Announcement[]) => void): void {
    this.#listeners.push(listener)
  }
}
