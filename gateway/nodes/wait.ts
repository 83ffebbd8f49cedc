import { pause } from "../../lib/async/mod.ts";
import type { NodeDirectory } from "./directory.ts";
import type { NodeSession } from "./session.ts";

/** First interval between searches, in milliseconds. It doubles, because a search may read the database. */
const FIRST_INTERVAL_MS = 25;
const LONGEST_INTERVAL_MS = 400;

interface WaitOptions {
  /** Signal of the call that waits. */
  readonly signal: AbortSignal;
}

/**
 * Searches until something is found, for as long as the configuration lets calls wait for nodes: a node may be starting, or may be unknown
 * to this gateway yet. Undefined if nothing was found in time or the signal is aborted.
 */
export async function waitForNodes<Found>(
  { placementWaitMs }: Pick<NodeDirectory, "placementWaitMs">,
  find: () => Promise<Found | undefined> | Found | undefined,
  { signal }: WaitOptions,
): Promise<Found | undefined> {
  const deadline = performance.now() + placementWaitMs;
  for (let intervalMs = FIRST_INTERVAL_MS; ; intervalMs = Math.min(2 * intervalMs, LONGEST_INTERVAL_MS)) {
    const found = await find();
    const waitMs = Math.min(intervalMs, deadline - performance.now());
    if (found !== undefined || waitMs <= 0 || signal.aborted) return found;
    await pause(waitMs, { signal });
  }
}

/** The session with the node of a context, which may move to another node meanwhile. */
export async function waitForSession(
  nodes: Pick<NodeDirectory, "placementWaitMs" | "session">,
  findNodeId: () => Promise<string | undefined>,
  options: WaitOptions,
): Promise<NodeSession | undefined> {
  return waitForNodes(nodes, async () => nodes.session((await findNodeId()) ?? ""), options);
}
