import type { Logger } from "pino";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { serveContent } from "../content/mod.ts";
import { createEventIntake } from "../intake/mod.ts";
import type { DirectoryObserver, NodeSession } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { reconcileNode } from "./reconcile_node.ts";

interface ObserverDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly log: Logger;
}

/** Handles what nodes send on their sessions, and compares the store with a node whenever a session opens. */
export function createSessionObserver(deps: ObserverDeps): DirectoryObserver {
  const { log } = deps;
  const report = (what: string, ids: Record<string, unknown>) => (error: unknown) =>
    log.error({ ...ids, err: error }, what);
  return {
    ...createEventIntake(deps),
    blobRequested(session, request) {
      serveContent(deps, session, request).catch((error) => {
        session.blobs.fail(request.requestId, "the gateway could not read the content");
        report("could not send content to a node", { node: session.nodeId, request: request.blob?.value })(error);
      });
    },
    opened(session) {
      const node = session.nodeId;
      deps.contexts.nodeOpened(node);
      refreshFollowed(deps, session).catch(report("could not read the jobs of a node again", { node }));
      reconcileNode(deps, session).catch(report("could not compare the store with a node", { node }));
    },
    closed({ nodeId }) {
      deps.contexts.nodeClosed(nodeId);
      deps.jobs.lostTouch(nodeId);
    },
  };
}

/** Another gateway may have received the events that the node sent while there was no session. */
async function refreshFollowed({ jobs }: ObserverDeps, { nodeId }: NodeSession): Promise<void> {
  const missed = jobs.followed().filter((followed) => followed.isOutOfTouch && followed.nodeId === nodeId);
  await Promise.all(missed.map(({ job }) => jobs.refresh(job.id)));
}
