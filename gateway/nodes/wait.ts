import { setTimeout as delay } from "node:timers/promises";
import type { NodeDirectory } from "./directory.ts";
import type { NodeSession } from "./session.ts";

/** Interval between looks while a call waits, in milliseconds. */
const LOOK_INTERVAL_MS = 25;

interface WaitOptions {
  /** Of the call that waits. */
  readonly signal: AbortSignal;
}

/**
 * Looks until something is found, for as long as the configuration lets calls wait for nodes: a node may be starting, or this gateway may
 * not know it yet. Undefined when nothing was found in that time, or the call is over.
 */
export async function waitForNodes<Found>(
  { placementWaitMs }: Pick<NodeDirectory, "placementWaitMs">,
  find: () => Promise<Found | undefined> | Found | undefined,
  { signal }: WaitOptions,
): Promise<Found | undefined> {
  const deadline = performance.now() + placementWaitMs;
  for (;;) {
    const found = await find();
    const waitMs = Math.min(LOOK_INTERVAL_MS, deadline - performance.now());
    if (found !== undefined || waitMs <= 0 || signal.aborted) return found;
    await delay(waitMs);
  }
}

/** The session with the node that has a context, which may move to another node while the call waits for it. */
export async function waitForSession(
  nodes: Pick<NodeDirectory, "placementWaitMs" | "session">,
  findNodeId: () => Promise<string | undefined>,
  options: WaitOptions,
): Promise<NodeSession | undefined> {
  return waitForNodes(nodes, async () => nodes.session((await findNodeId()) ?? ""), options);
}
