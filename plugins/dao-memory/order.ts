/** Orders strings by their UTF-8 bytes, ascending. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A page of items with ids, the newest first. */
export function newestFirst<Item extends { readonly id: string }>(
  items: Iterable<Item>,
  { limit, before, meets }: { limit: number; before: string | undefined; meets: (item: Item) => boolean },
): Item[] {
  const found = [...items].filter((item) => (before === undefined || item.id < before) && meets(item));
  return found.sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
}
