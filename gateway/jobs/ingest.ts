import { toJsonString } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import type { JobEvent } from "../../proto/mod.ts";
import type { Core } from "../core.ts";
import { ContentRefused, type NodeSession } from "../nodes/mod.ts";

export type IngestDeps = Pick<Core, "jobs" | "blobs">;

export interface Arrival {
  /** The result that came beside the event, on a session. */
  readonly inlineResult?: Uint8Array | undefined;
  /** A session with the node that made the event, to bring a large result. */
  readonly session: NodeSession | undefined;
}

/**
 * Takes an event into the record, whichever way it came. After a final event, resolves when the end is durable, with its
 * result. Rejects when the result cannot be had now.
 */
export async function ingestJobEvent(deps: IngestDeps, event: JobEvent, arrival: Arrival): Promise<void> {
  if (event.event.case !== "succeeded") {
    await deps.jobs.apply(event);
    return;
  }
  if (deps.jobs.hasEnded(event.jobId)) return;
  const { result, value } = event.event.value;
  if (result !== undefined && result.digest !== "")
    await bringResult(deps, event, { ...arrival, digest: result.digest });
  await deps.jobs.apply(event, arrival.inlineResult ?? (value && Buffer.from(toJsonString(ValueSchema, value))));
}

/**
 * The session of a job that this gateway follows brings its events in order, the stream only its end, now and then sooner: the
 * session gets so long.
 */
const SESSION_LEAD_MS = 500;

/** Takes an end that the stream told into the record; it is read only when nobody was faster. Resolves when it is durable. */
export async function ingestStreamedEnd(
  deps: IngestDeps & Pick<Core, "nodes">,
  jobId: string,
  read: () => JobEvent,
): Promise<void> {
  await deps.jobs.untilEnded(jobId, SESSION_LEAD_MS);
  if (deps.jobs.hasEnded(jobId)) return;
  const event = read();
  await ingestJobEvent(deps, event, { session: deps.nodes.session(event.nodeId) });
}

/** Whether the result in an event is stored, or can be fetched from the node. Rejects when the node is silent, or the session ends. */
export async function canBringResult(
  { blobs }: Pick<IngestDeps, "blobs">,
  { event }: JobEvent,
  { session }: Pick<Arrival, "session">,
): Promise<boolean> {
  const digest = event.case === "succeeded" ? (event.value.result?.digest ?? "") : "";
  if (digest === "" || (await blobs.renew(digest))) return true;
  return session !== undefined && (await hasContent(session, digest));
}

/** Whether the node still has a result: it lets go of what nobody fetched for long. */
async function hasContent(session: NodeSession, digest: string): Promise<boolean> {
  const reader = session.blobs.request(digest).getReader();
  const isThere = await reader.read().then(
    () => true,
    (error: unknown) => {
      if (error instanceof ContentRefused) return false;
      throw error;
    },
  );
  if (isThere) await reader.cancel();
  return isThere;
}

/** Brings a large result from its node to the blob store, unless it is there. */
async function bringResult(
  { blobs }: IngestDeps,
  { jobId, nodeId }: JobEvent,
  { digest, session }: Arrival & { digest: string },
): Promise<void> {
  // One that is there is taken over, before a sweep finds that nothing names it.
  if (await blobs.renew(digest)) return;
  if (session === undefined)
    throw new Error(`The result of job ${jobId} is on node ${nodeId}, to which no session is open`);
  const stored = await blobs.put(session.blobs.request(digest));
  if (stored.digest !== digest) throw new Error(`The result of job ${jobId} did not arrive whole`);
}
