/** Reads one figure without labels of a hub's metrics; 0 where it has none yet. */
export async function metric(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/metrics`)
  const text = await response.text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
}
