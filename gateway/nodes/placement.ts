import type { NodeSession } from "./session.ts";

/** Sessions of the nodes that have room for so many bytes, the one with most room first; those with fewer contexts win a tie. */
export function placementOrder(sessions: readonly NodeSession[], memoryBytes: number): NodeSession[] {
  const fitting = sessions.filter((session) => freeMemoryBytes(session) >= memoryBytes);
  return fitting.sort((a, b) => freeMemoryBytes(b) - freeMemoryBytes(a) || contexts(a) - contexts(b));
}

function freeMemoryBytes({ load }: NodeSession): number {
  return load.node === undefined ? 0 : load.node.memoryBytes - load.node.promisedMemoryBytes;
}

function contexts({ load }: NodeSession): number {
  return load.node?.contexts ?? 0;
}
