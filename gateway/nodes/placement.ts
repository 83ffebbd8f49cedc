import type { NodeSession } from "./session.ts";

/** What a context needs of a node. */
export interface Demand {
  readonly memoryBytes: number;
  /** The node must have all of these. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Sessions of the nodes that meet the demand, the one with most room first; those with fewer contexts win a tie. */
export function placementOrder(sessions: readonly NodeSession[], { memoryBytes, labels }: Demand): NodeSession[] {
  const fitting = labelledNodes(sessions, labels).filter(({ freeMemoryBytes }) => freeMemoryBytes >= memoryBytes);
  return fitting.sort((a, b) => b.freeMemoryBytes - a.freeMemoryBytes || contexts(a) - contexts(b));
}

/** Sessions of the nodes that have all of these labels, whatever room they have. */
export function labelledNodes(sessions: readonly NodeSession[], labels: Demand["labels"]): NodeSession[] {
  const wanted = Object.entries(labels);
  return sessions.filter((session) => wanted.every(([name, value]) => session.labels[name] === value));
}

function contexts({ load }: NodeSession): number {
  return load.node?.contexts ?? 0;
}
