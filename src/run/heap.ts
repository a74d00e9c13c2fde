/** A queue by number: whatever the order in which items come, the least is taken first. */

export class Heap<Item> {
  /** Each is no less than the one at half its place. */
  #entries: { readonly key: number; readonly item: Item }[] = []

  get size(): number {
    return this.#entries.length
  }

  /** The least. */
  get first(): { readonly key: number; readonly item: Item } | undefined {
    return this.#entries[0]
  }

  add(key: number, item: Item): void {
    const entries = this.#entries
    let place = entries.push({ key, item }) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (this.#keyAt(parent) <= key) break
      this.#swap(place, parent)
      place = parent
    }
  }

  /** Takes the least out. */
  take(): Item | undefined {
    const [first] = this.#entries
    const last = this.#entries.pop()
    if (this.#entries.length > 0 && last) {
      this.#entries[0] = last
      this.#sink()
    }
    return first?.item
  }

  /** Keeps only some, when most are known to be of no more use. */
  sift(keep: (item: Item) => boolean): void {
    const kept = this.#entries.filter(({ item }) => keep(item))
    this.#entries = []
    for (const { key, item } of kept) this.add(key, item)
  }

  #sink(): void {
    for (let place = 0; ; ) {
      const left = 2 * place + 1
      const child = this.#keyAt(left + 1) < this.#keyAt(left) ? left + 1 : left
      if (this.#keyAt(child) >= this.#keyAt(place)) return
      this.#swap(place, child)
      place = child
    }
  }

  #keyAt(place: number): number {
    return this.#entries[place]?.key ?? Number.POSITIVE_INFINITY
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#entries[one], this.#entries[other]]
    if (a && b) {
      this.#entries[one] = b
      this.#entries[other] = a
    }
  }
}
