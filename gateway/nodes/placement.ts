import { create } from "@bufbuild/protobuf";
import { type NodeRuntime, NodeRuntimeSchema, Runtime } from "../../proto/mod.ts";
import type { NodeSession } from "./session.ts";

/** What a context needs of a node. */
export interface Demand {
  readonly memoryBytes: number;
  /** The node must have all of these. */
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: Runtime;
  /** What else a node must be; unset: nothing. */
  readonly accepts?: ((session: NodeSession) => boolean) | undefined;
}

type Fitness = Pick<Demand, "labels" | "runtime" | "accepts">;

/** Sessions of the nodes that meet the demand, the one with most room first; those with fewer contexts win a tie. */
export function placementOrder(sessions: readonly NodeSession[], { memoryBytes, ...demand }: Demand): NodeSession[] {
  const fitting = fittingNodes(sessions, demand).filter(({ freeMemoryBytes }) => freeMemoryBytes >= memoryBytes);
  return fitting.sort((a, b) => b.freeMemoryBytes - a.freeMemoryBytes || contexts(a) - contexts(b));
}

/** Sessions of the nodes that have all of these labels and the runtime, and are accepted, whatever room they have. */
export function fittingNodes(
  sessions: readonly NodeSession[],
  { labels, runtime, accepts = () => true }: Fitness,
): NodeSession[] {
  const labelled = labelledNodes(sessions, labels);
  return labelled.filter((session) => runtimeOf(session, runtime)?.available && accepts(session));
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

/** Whether jars that run on the Spark that one node has run on that of the other, as far as both say what they have. */
export function haveSameSpark(one: Pick<NodeSession, "runtimes">, other: Pick<NodeSession, "runtimes">): boolean {
  const [a, b] = [runtimeOf(one, Runtime.SPARK), runtimeOf(other, Runtime.SPARK)];
  if (a === undefined || b === undefined) return false;
  return Number.parseInt(a.version, 10) === Number.parseInt(b.version, 10) && a.scalaVersion === b.scalaVersion;
}

function contexts({ load }: NodeSession): number {
  return load.node?.contexts ?? 0;
}
