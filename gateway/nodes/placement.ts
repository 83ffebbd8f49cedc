import type { NodeSession } from "./session.ts";

/** What a context needs of a node. */
export interface Demand {
  readonly memoryBytes: number;
  /** The node must have all of these. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Sessions of the nodes that meet the demand, the one with most room first; those with fewer contexts win a tie. */
export function placementOrder(sessions: readonly NodeSession[], { memoryBytes, labels }: Demand): NodeSession[] {
  const wanted = Object.entries(labels);
  const fitting = sessions.filter(
    (session) =>
      session.freeMemoryBytes >= memoryBytes && wanted.every(([name, value]) => session.labels[name] === value),
  );
  return fitting.sort((a, b) => b.freeMemoryBytes - a.freeMemoryBytes || contexts(a) - contexts(b));
}

function contexts({ load }: NodeSession): number {
  return load.node?.contexts ?? 0;
}
