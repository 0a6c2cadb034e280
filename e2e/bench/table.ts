/** One column of a table: what stands above it, and on which side its cells stand. */
export interface Column {
  readonly heading: string
  readonly align: 'left' | 'right'
}

/** Lays out rows of text under their headings, as aligned plain text or as a Markdown table that is aligned too. */
export function layOut(columns: readonly Column[], rows: readonly (readonly string[])[], { markdown = false } = {}): string {
  const widths = columns.map(({ heading }, i) => Math.max(3, heading.length, ...rows.map((row) => (row[i] ?? '').length)))
  const width = (i: number) => widths[i] ?? 0
  const pad = (cells: readonly string[]) =>
    columns.map(({ align }, i) => (align === 'left' ? (cells[i] ?? '').padEnd(width(i)) : (cells[i] ?? '').padStart(width(i))))
  const head = pad(columns.map(({ heading }) => heading))
  if (!markdown) return [head, widths.map((n) => '-'.repeat(n)), ...rows.map(pad)].map((cells) => cells.join('  ').trimEnd()).join('\n')
  const rule = columns.map(({ align }, i) => (align === 'left' ? '-'.repeat(width(i)) : `${'-'.repeat(width(i) - 1)}:`))
  return [head, rule, ...rows.map(pad)].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** A number for people: about three digits, and whole with commas from a hundred on. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3)
}
