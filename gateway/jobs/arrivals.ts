import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ContextEventSchema, endsAttempt, findUnwritable, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import type { BlobRequest, ContextEventRecord, JobEventRecord } from "../../proto/node.ts";
import type { Core } from "../core.ts";
import type { DirectoryObserver, NodeSession } from "../nodes/mod.ts";
import { compareWithNode } from "./compare.ts";
import { type IngestDeps, ingestJobEvent, loseAttempt } from "./ingest.ts";
import { Intake, Unrecordable } from "./intake.ts";

/** Beyond that there has to be room for the numbers of what gateways decide. */
const LARGEST_SEQ = 2 ** 31;

type ObserverDeps = IngestDeps & Pick<Core, "log">;

/** Takes what sessions bring: events into the record, requests for content to the stores. */
export function createSessionObserver(deps: ObserverDeps): DirectoryObserver {
  const { log } = deps;
  const intake = new Intake({ log, checkStore: () => deps.dao.checkHealth() });
  const report = (what: string, ids: Record<string, unknown>) => (error: unknown) =>
    log.error({ ...ids, err: error }, what);
  /** What cannot be decoded cannot be asked for again. */
  const acknowledge = (session: NodeSession, number: number, taking: () => Promise<boolean>): void => {
    const take = async (): Promise<void> => {
      if (await taking()) session.acknowledge(number);
    };
    take().catch((error) => {
      report("an event was not recorded", { node: session.nodeId })(error);
      session.acknowledge(number);
    });
  };
  return {
    jobEvent(session, record) {
      acknowledge(session, record.number, () => takeJobEvent(deps, intake, { session, record }));
    },
    jobStarted({ nodeId }, { jobId, attempt, time }) {
      const startTime = readTime(time);
      if (startTime === undefined) log.error({ job: jobId, node: nodeId }, "a node reports a start at no time");
      else deps.jobs.begun(jobId, { attempt, time: startTime, nodeId });
    },
    contextEvent(session, record) {
      acknowledge(session, record.number, () => takeContextEvent(deps, intake, { session, record }));
    },
    blobRequested(session, request) {
      sendContent(deps, session, request).catch((error) => {
        session.blobs.fail(request.requestId, "the gateway could not read the content");
        report("a content was not sent", { node: session.nodeId, request: request.blob?.value })(error);
      });
    },
    opened(session) {
      deps.contexts.nodeOpened(session.nodeId);
      refreshFollowed(deps, session).catch(report("jobs of a node were not read again", { node: session.nodeId }));
      compareWithNode(deps, session).catch(report("the record was not compared with a node", { node: session.nodeId }));
    },
    closed({ nodeId }) {
      deps.contexts.nodeClosed(nodeId);
      deps.jobs.lostTouch(nodeId);
    },
  };
}

/** Another gateway may have received what the node told while there was no session. */
async function refreshFollowed({ jobs }: ObserverDeps, { nodeId }: NodeSession): Promise<void> {
  const missed = jobs.followed().filter((followed) => followed.isOutOfTouch && followed.nodeId === nodeId);
  await Promise.all(missed.map(({ job }) => jobs.refresh(job.id)));
}

function takeJobEvent(
  deps: ObserverDeps,
  intake: Intake,
  {
    session,
    record: { event: bytes, result, again },
  }: { readonly session: NodeSession; readonly record: JobEventRecord },
): Promise<boolean> {
  const event = fromBinary(JobEventSchema, bytes);
  const report = { again, session, result: result.length === 0 ? undefined : result };
  return intake.take({
    session,
    id: event.jobId,
    record: async () => {
      checkSender(event, session);
      checkWritable(JobEventSchema, event);
      await ingestJobEvent(deps, event, report);
    },
    giveUp: async (why) => {
      if (endsAttempt(event.event.case) && event.nodeId === session.nodeId) await loseAttempt(deps, event, why);
    },
  });
}

function takeContextEvent(
  { contexts }: ObserverDeps,
  intake: Intake,
  { session, record }: { readonly session: NodeSession; readonly record: ContextEventRecord },
): Promise<boolean> {
  const { nodeId } = session;
  const event = fromBinary(ContextEventSchema, record.event);
  return intake.take({
    session,
    id: event.contextId,
    record: async () => {
      checkSender(event, session);
      checkWritable(ContextEventSchema, event);
      await contexts.take(event, { nodeId });
    },
  });
}

function checkSender({ nodeId, seq }: Pick<JobEvent, "nodeId" | "seq">, session: NodeSession): void {
  if (nodeId !== session.nodeId)
    throw new Unrecordable(`Node "${session.nodeId}" reports an event of node "${nodeId}"`);
  if (seq > LARGEST_SEQ) throw new Unrecordable(`Node "${nodeId}" reports an event with the number ${seq}`);
}

/** Undefined for what is no time that people could read. */
function readTime(date: Date | undefined): Timestamp | undefined {
  if (date === undefined || Number.isNaN(date.getTime())) return undefined;
  const time = timestampFromDate(date);
  return findUnwritable(JobEventSchema, create(JobEventSchema, { time })) === undefined ? time : undefined;
}

/** Throws for an event that nobody could read as JSON, once it was recorded. */
function checkWritable<Desc extends DescMessage>(desc: Desc, event: MessageShape<Desc>): void {
  const unwritable = findUnwritable(desc, event);
  if (unwritable === undefined) return;
  throw new Unrecordable(`Cannot record an event of the node: ${unwritable.path} ${unwritable.why}`);
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
