/** Lists that take turns: of several groups, then of the members of each. */
export class Turns<Member extends object, Item> {
  readonly #groups = new Map<string, Map<Member, Item[]>>()

  get isEmpty(): boolean {
    return this.#groups.size === 0
  }

  /** Puts items behind those that the member has. */
  add(group: string, member: Member, items: readonly Item[]): void {
    if (items.length === 0) return
    const members = this.#groups.get(group) ?? new Map<Member, Item[]>()
    this.#groups.set(group, members)
    const list = members.get(member) ?? []
    members.set(member, list)
    for (const item of items) list.push(item)
  }

  /** Takes the first item of whose turn it is. It is the last to have its turn again. */
  next(): Item | undefined {
    for (const [group, members] of this.#groups) {
      this.#groups.delete(group)
      for (const [member, list] of members) {
        members.delete(member)
        const item = list.shift()
        if (list.length > 0) members.set(member, list)
        if (members.size > 0) this.#groups.set(group, members)
        return item
      }
    }
    return undefined
  }
}
