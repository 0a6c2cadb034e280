import type { Course } from './course.js'
import { button, element } from './element.js'
import { counted, waitsFor } from './words.js'

/** Shows how one long job fares: what is done, how far it is, which attempts failed; and lets it be cancelled. */
export class JobPanel {
  readonly root: HTMLElement
  readonly #doing = element('span', { className: 'doing' })
  readonly #share = element('span', { className: 'share' })
  readonly #bar = element('progress', { max: 1 })
  readonly #mishaps = element('ol', { className: 'mishaps', ariaLabel: 'Failed attempts' })
  readonly #note = element('p', { className: 'note' })
  readonly #actions = element('div', { className: 'actions' })
  readonly #cancel = button('Cancel', () => this.#cancel.ariaDisabled !== 'true' && this.#onCancel())
  #onCancel = () => {}
  #clock: ReturnType<typeof setInterval> | undefined

  /** @param order the button that asks for the job: out of sight while the panel is there */
  constructor(
    readonly name: string,
    private readonly order?: HTMLButtonElement,
  ) {
    this.#bar.ariaLabel = `Progress of the ${name}`
    const line = element('p', { className: 'line' }, this.#doing, this.#share)
    this.root = element('div', { className: 'job', role: 'group', ariaLabel: name, hidden: true })
    this.root.append(line, this.#bar, this.#mishaps, this.#note, this.#actions)
  }

  /** Whether a job is shown here that has not ended. */
  get isUnderWay(): boolean {
    return ['waiting', 'running', 'retrying'].includes(this.root.dataset.state ?? '')
  }

  /** A job is on its way. */
  begin(onCancel: () => void): void {
    this.#mishaps.replaceChildren()
    this.#set('waiting', 'On its way to the hub…')
    this.note('')
    this.#act(this.#cancel)
    this.#onCancel = onCancel
  }

  /** How the job has fared so far. */
  show(course: Course): void {
    this.#mishaps.replaceChildren(...course.mishaps.map(({ attempt, why }) => element('li', {}, element('b', {}, `Attempt ${attempt}`), ` ${why}`)))
    const again = course.attempt > 1 ? `, attempt ${course.attempt}` : ''
    switch (course.state) {
      case 'executing':
        return this.#set('running', capital(course.step?.doing ?? 'begun') + again, course.step?.share)
      case 'retryable':
        return this.#countDown(course.retryAt)
      case 'available':
      case 'scheduled':
        return this.waits(course.state === 'scheduled' ? waitsFor.scheduled : 'its turn comes')
    }
  }

  /** What the job waits for before it runs. */
  waits(text: string): void {
    this.#set('waiting', `Waits: ${text}`)
  }

  /** Somebody wants it to end; whether it does is not known yet. */
  stopping(): void {
    // A button that is really disabled would lose the keyboard's focus.
    this.#cancel.ariaDisabled = 'true'
    this.note('Asking it to stop…')
  }

  /** It could not be asked to end. */
  goesOn(why: string): void {
    this.#cancel.ariaDisabled = 'false'
    this.note(why)
  }

  /** Words beneath the bar, with what may be done about them; no words, no note. */
  note(text: string, ...actions: readonly Node[]): void {
    this.#note.hidden = text === ''
    this.#note.replaceChildren(text, ...actions)
  }

  /** The job has ended. */
  end(state: 'done' | 'cancelled' | 'failed', text: string, ...actions: readonly HTMLElement[]): void {
    this.#set(state, text)
    this.note('')
    this.#act(...actions)
  }

  /** Takes the panel off the page. */
  close(): void {
    clearInterval(this.#clock)
    this.root.hidden = true
  }

  #set(state: string, text: string, share?: number): void {
    clearInterval(this.#clock)
    this.root.dataset.state = state
    this.#doing.textContent = text
    this.#share.textContent = share === undefined ? '' : `${Math.round(share * 100)} %`
    if (share === undefined) this.#bar.removeAttribute('value')
    else this.#bar.value = share
  }

  #countDown(until: Date | undefined): void {
    const tell = () => {
      const seconds = until ? Math.max(0, Math.ceil((until.getTime() - Date.now()) / 1000)) : 0
      this.#doing.textContent = seconds > 0 ? `Next attempt in ${counted(seconds, 'second')}` : 'Next attempt is due'
    }
    this.#set('retrying', '')
    tell()
    this.#clock = setInterval(tell, 250)
  }

  /** Who had pressed one of the former buttons finds the keyboard at the first of the new. */
  #act(...actions: readonly HTMLElement[]): void {
    const hadFocus = this.#actions.contains(document.activeElement) || (this.order && this.order === document.activeElement)
    this.root.hidden = false
    if (this.order) this.order.hidden = true
    this.#cancel.ariaDisabled = 'false'
    this.#actions.hidden = actions.length === 0
    this.#actions.replaceChildren(...actions)
    if (hadFocus) actions[0]?.focus()
  }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
