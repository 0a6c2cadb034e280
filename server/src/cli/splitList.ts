/** Reads a list of texts separated by commas; a key in PEM or JSON is one. */
export function splitList(text: string): string[] {
  const isKey = /^\s*(\{|-----BEGIN)/.test(text)
  return isKey ? [text] : text.split(',').map((part) => part.trim())
}
