import { create } from "@bufbuild/protobuf";
import { type NodeRuntime, NodeRuntimeSchema, Runtime } from "../../proto/mod.ts";
import type { NodeSession } from "./session.ts";

/** What a context needs of a node. */
export interface Demand {
  readonly memoryBytes: number;
  /** The node must have all of these. */
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: Runtime;
}

type Fitness = Pick<Demand, "labels" | "runtime">;

/** Sessions of the nodes that meet the demand, the one with most room first; those with fewer contexts win a tie. */
export function placementOrder(sessions: readonly NodeSession[], { memoryBytes, ...demand }: Demand): NodeSession[] {
  const fitting = fittingNodes(sessions, demand).filter(({ freeMemoryBytes }) => freeMemoryBytes >= memoryBytes);
  return fitting.sort((a, b) => b.freeMemoryBytes - a.freeMemoryBytes || contexts(a) - contexts(b));
}

/** Sessions of the nodes that have all of these labels and the runtime, whatever room they have. */
export function fittingNodes(sessions: readonly NodeSession[], { labels, runtime }: Fitness): NodeSession[] {
  return labelledNodes(sessions, labels).filter((session) => runtimeOf(session, runtime)?.available);
}

/** Sessions of the nodes that have all of these labels. */
export function labelledNodes(sessions: readonly NodeSession[], labels: Demand["labels"]): NodeSession[] {
  const wanted = Object.entries(labels);
  return sessions.filter((session) => wanted.every(([name, value]) => session.labels[name] === value));
}

/** What a node announced of a runtime; undefined when it announced nothing of it. A node that announces no runtime at all has Deno. */
export function runtimeOf({ runtimes }: Pick<NodeSession, "runtimes">, runtime: Runtime): NodeRuntime | undefined {
  if (runtimes.length === 0 && runtime === Runtime.DENO) return create(NodeRuntimeSchema, { runtime, available: true });
  return runtimes.find((each) => each.runtime === runtime);
}

function contexts({ load }: NodeSession): number {
  return load.node?.contexts ?? 0;
}
