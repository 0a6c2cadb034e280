/** Somebody is not let in, because nobody knows who they are. The message is for them, and holds nothing of their token. */
export class Unidentified extends Error {
  override readonly name = 'Unidentified'

  constructor(
    message: string,
    /** What the log says, where it says more. */
    readonly reason = message,
  ) {
    super(message)
  }
}
