import type { Announcement } from '../store/store.js'

/**
 * Carries announcements of stored outcomes to every hub that may hold an awaiter.
 * What is published MUST already be stored. This hub's own listeners MUST have it at once; what goes to others is a hint: it
 * MAY be lost or repeated, and the store stays the truth.
 */
export interface Notifier {
  publish(announcements: readonly Announcement[]): void
  subscribe(listener: (announcements: readonly Announcement[]) => void): void
}
