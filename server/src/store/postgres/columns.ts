import type { Scalar } from './text.js'

/** The columns of a list of things, by name: of which type, and what each thing has there. */
export type Columns<T> = Readonly<Record<string, readonly [type: string, read: (thing: T) => Scalar]>>

/** The list as a statement reads it: its columns' lists begin at this parameter. */
export function unnested<T>(columns: Columns<T>, first: number): string {
  return `unnest(${Object.values(columns)
    .map(([type], i) => `$${first + i}::${type}[]`)
    .join(', ')}) AS given (${Object.keys(columns).join(', ')})`
}

/** The list as a statement is given it. A column that nothing has is given as null, which stands beside the others as that many nulls. */
export function listsOf<T>(columns: Columns<T>, things: readonly T[]): (readonly Scalar[] | null)[] {
  return Object.values(columns).map(([, read]) => {
    const values = things.map(read)
    return values.every((value) => value === null || value === undefined) ? null : values
  })
}
