/** Memory used on behalf of a client. */
export interface MemoryUse {
  readonly network: string;
  readonly sizeBytes: number;
}

/** The largest item of the network that uses the most memory. Requires at least one item. */
export function findLargest<Item extends MemoryUse>(all: Iterable<Item>): Item {
  const [, ofNetwork] = largest(
    Map.groupBy(all, ({ network }) => network),
    ([, items]) => items.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
  );
  return largest(ofNetwork, ({ sizeBytes }) => sizeBytes);
}

function largest<Item>(items: Iterable<Item>, sizeOf: (item: Item) => number): Item {
  return [...items].reduce((most, item) => (sizeOf(item) > sizeOf(most) ? item : most));
}
