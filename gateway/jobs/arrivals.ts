import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { ContextEventSchema, findUnwritable, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import type { BlobRequest, JobEventRecord } from "../../proto/node.ts";
import type { Core } from "../core.ts";
import { type EventSink, readEvent } from "../events/mod.ts";
import type { DirectoryObserver, NodeSession } from "../nodes/mod.ts";
import { compareWithNode } from "./compare.ts";
import { ingestJobEvent, ingestStreamedEnd } from "./ingest.ts";
import type { LoseDeps } from "./lose.ts";

type ObserverDeps = LoseDeps & Pick<Core, "dao" | "blobs" | "log">;

/** A gateway may run a job for so long before others find it in the record; events of an unknown job that are older are void. */
const ADOPTION_MS = 10_000;

/** Takes what sessions bring: events into the record, requests for content to the stores. */
export function createSessionObserver(deps: ObserverDeps): DirectoryObserver {
  const { log } = deps;
  const report = (what: string, ids: Record<string, unknown>) => (error: unknown) =>
    log.error({ ...ids, err: error }, what);
  return {
    jobEvent(session, record) {
      take(deps, session, record).catch(report("an event was not recorded", { node: session.nodeId }));
    },
    contextEvent(session, bytes) {
      takeOfContext(deps, bytes).catch(report("an event was not recorded", { node: session.nodeId }));
    },
    blobRequested(session, request) {
      sendContent(deps, session, request).catch((error) => {
        session.blobs.fail(request.requestId, "the gateway could not read the content");
        report("a content was not sent", { node: session.nodeId, request: request.blob?.value })(error);
      });
    },
    opened(session) {
      deps.contexts.nodeOpened(session.nodeId);
      compareWithNode(deps, session).catch(report("the record was not compared with a node", { node: session.nodeId }));
    },
    closed({ nodeId }) {
      deps.contexts.nodeClosed(nodeId);
    },
  };
}

/** Takes what the shared consumers bring. */
export function createEventSink(deps: Core): EventSink {
  return {
    async attemptEnded(jobId, { payload, ageMs }) {
      if (ageMs < ADOPTION_MS && !(await deps.jobs.isKnown(jobId))) return "later";
      await ingestStreamedEnd(deps, jobId, () => readEvent(JobEventSchema, payload));
      if (deps.jobs.wantsCallback(jobId)) await deps.callbacks.add(jobId);
      return "taken";
    },
    async jobLogged(payload) {
      await storeLines(deps, readEvent(JobEventSchema, payload));
    },
    async contextChanged(payload) {
      await deps.contexts.apply(readEvent(ContextEventSchema, payload));
    },
    checkStore: () => deps.dao.checkHealth(),
  };
}

/** Lines are written before what comes after them, so that they are there when the end is. */
async function take(deps: ObserverDeps, session: NodeSession, { event: bytes, result }: JobEventRecord): Promise<void> {
  const event = writable(JobEventSchema, fromBinary(JobEventSchema, bytes));
  const inlineResult = result.length === 0 ? undefined : result;
  await Promise.all([storeLines(deps, event), ingestJobEvent(deps, event, { inlineResult, session })]);
}

async function takeOfContext({ contexts }: ObserverDeps, bytes: Uint8Array): Promise<void> {
  await contexts.apply(writable(ContextEventSchema, fromBinary(ContextEventSchema, bytes)));
}

/** The event. Throws for one that nobody could read as JSON, once it was recorded. */
function writable<Desc extends DescMessage>(desc: Desc, event: MessageShape<Desc>): MessageShape<Desc> {
  const unwritable = findUnwritable(desc, event);
  if (unwritable === undefined) return event;
  throw new Error(`Cannot record an event of the node: ${unwritable.path} ${unwritable.why}`);
}

async function storeLines({ dao, jobs }: Pick<Core, "dao" | "jobs">, { jobId, event }: JobEvent): Promise<void> {
  if (event.case === "logged") await Promise.all([jobs.saveNew(jobId), dao.jobs.appendLogs(jobId, event.value.lines)]);
}

async function sendContent(deps: ObserverDeps, session: NodeSession, { requestId, blob }: BlobRequest): Promise<void> {
  switch (blob?.$case) {
    case "digest":
      return session.blobs.send(requestId, await deps.blobs.open(blob.value));
    case "fileName": {
      const file = await deps.dao.files.get(blob.value);
      return session.blobs.send(requestId, file && textOf(file.digest));
    }
    case "fileNames":
      return session.blobs.send(requestId, listFileNames(deps));
    case "liveResult":
      return session.blobs.fail(requestId, "a gateway makes no results");
    case undefined:
      return session.blobs.fail(requestId, "the request names nothing");
    default:
      return blob satisfies never;
  }
}

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

/** The names of all files as a JSON array. */
async function* listFileNames({ dao }: Pick<Core, "dao">): AsyncGenerator<Uint8Array> {
  const limit = 1000;
  const names: string[] = [];
  for (;;) {
    const page = await dao.files.list({}, { limit, after: names.at(-1) });
    names.push(...page.map(({ name }) => name));
    if (page.length < limit) break;
  }
  yield Buffer.from(JSON.stringify(names));
}
