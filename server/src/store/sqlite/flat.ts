/** A list of things as one flat list of values. Copying it to another thread costs a quarter of what as many objects do. */
export type Flat = unknown[]

/** How things of one kind are laid flat. */
export interface Kind<Thing> {
  /** Values of a thing that is laid flat; the first is never undefined. */
  readonly width: number
  /** Adds a thing's values to a list; answers false, having added none, for one that has more than these. */
  lay(thing: Thing, onto: Flat): boolean
  /** The thing whose values begin here. */
  raise(flat: Flat, at: number): Thing
}

/** Lays things flat, an unusual one as it is. */
export function lay<Thing>(kind: Kind<Thing>, things: readonly Thing[]): Flat {
  const flat: Flat = []
  for (const thing of things) if (!kind.lay(thing, flat)) flat.push(undefined, thing)
  return flat
}

/** The things that were laid flat, in order. */
export function raise<Thing>(kind: Kind<Thing>, flat: Flat): Thing[] {
  const things: Thing[] = []
  for (let at = 0; at < flat.length; ) {
    const isFlat = flat[at] !== undefined
    things.push(isFlat ? kind.raise(flat, at) : (flat[at + 1] as Thing))
    at += isFlat ? kind.width : 2
  }
  return things
}
