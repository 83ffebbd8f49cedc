import { create } from "@bufbuild/protobuf";
import { type NodeRuntime, NodeRuntimeSchema, Runtime } from "../../proto/mod.ts";
import type { NodeSession } from "./session.ts";

/** Requirements of a context. */
export interface Demand {
  readonly memoryBytes: number;
  /** Labels that the node must have. */
  readonly labels: Readonly<Record<string, string>>;
  readonly runtime: Runtime;
  /** Further condition. */
  readonly accepts?: ((session: NodeSession) => boolean) | undefined;
}

type Fitness = Pick<Demand, "labels" | "runtime" | "accepts">;

/** Sessions of the nodes that meet the requirements, the one with the most free memory first, then the one with the fewest contexts. */
export function placementOrder(sessions: readonly NodeSession[], { memoryBytes, ...demand }: Demand): NodeSession[] {
  const fitting = fittingNodes(sessions, demand).filter(({ freeMemoryBytes }) => freeMemoryBytes >= memoryBytes);
  return fitting.sort((a, b) => b.freeMemoryBytes - a.freeMemoryBytes || contexts(a) - contexts(b));
}

/** Sessions of the nodes with all of these labels and the runtime that are accepted, regardless of their free memory. */
export function fittingNodes(
  sessions: readonly NodeSession[],
  { labels, runtime, accepts = () => true }: Fitness,
): NodeSession[] {
  const labelled = labelledNodes(sessions, labels);
  return labelled.filter((session) => runtimeOf(session, runtime)?.available && accepts(session));
}

/** Sessions of the nodes with all of these labels. */
export function labelledNodes(sessions: readonly NodeSession[], labels: Demand["labels"]): NodeSession[] {
  const wanted = Object.entries(labels);
  return sessions.filter((session) => wanted.every(([name, value]) => session.labels[name] === value));
}

/** The runtime as a node announced it. Undefined if the node did not. A node that announces no runtime has Deno. */
export function runtimeOf({ runtimes }: Pick<NodeSession, "runtimes">, runtime: Runtime): NodeRuntime | undefined {
  if (runtimes.length === 0 && runtime === Runtime.DENO) return create(NodeRuntimeSchema, { runtime, available: true });
  return runtimes.find((each) => each.runtime === runtime);
}

/** Whether two nodes have compatible versions of Spark, as far as both announce them. */
export function haveSameSpark(one: Pick<NodeSession, "runtimes">, other: Pick<NodeSession, "runtimes">): boolean {
  const [a, b] = [runtimeOf(one, Runtime.SPARK), runtimeOf(other, Runtime.SPARK)];
  if (a === undefined || b === undefined) return false;
  return Number.parseInt(a.version, 10) === Number.parseInt(b.version, 10) && a.scalaVersion === b.scalaVersion;
}

function contexts({ load }: NodeSession): number {
  return load.node?.contexts ?? 0;
}
