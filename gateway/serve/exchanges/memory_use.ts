/** Something that takes memory for a caller. */
export interface MemoryUse {
  readonly network: string;
  readonly sizeBytes: number;
}

/** The largest of the network that has the most; of at least one. */
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
