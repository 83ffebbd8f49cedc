import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Logger } from "pino";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import { ContextEventSchema, endsAttempt, findUnwritable, type JobEvent, JobEventSchema } from "../../proto/mod.ts";
import type { ContextEventRecord, JobEventRecord } from "../../proto/node.ts";
import type { NodeSession, SessionObserver } from "../nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "../state/mod.ts";
import { Intake, Unrecordable } from "./event_recorder.ts";
import { ingestJobEvent, loseAttempt } from "./job_events.ts";

/** Largest `seq` of a node. Higher ones are for decisions of gateways. */
const LARGEST_SEQ = 2 ** 31;

/** Handlers for the events of sessions. */
export type EventIntake = Pick<SessionObserver, "jobEvent" | "jobStarted" | "contextEvent">;

interface EventIntakeDeps {
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  readonly log: Logger;
}

/** Applies the events that nodes report on their sessions, and acknowledges each once it is durable or abandoned. */
export function createEventIntake(deps: EventIntakeDeps): EventIntake {
  const { log } = deps;
  const intake = new Intake({ log, checkStore: () => deps.dao.checkHealth() });
  const report = (what: string, ids: Record<string, unknown>) => (error: unknown) =>
    log.error({ ...ids, err: error }, what);
  /** An event that cannot be decoded cannot be requested again: it is acknowledged. */
  const acknowledge = (session: NodeSession, number: number, taking: () => Promise<boolean>): void => {
    const take = async (): Promise<void> => {
      if (await taking()) session.acknowledge(number);
    };
    take().catch((error) => {
      report("could not record an event", { node: session.nodeId })(error);
      session.acknowledge(number);
    });
  };
  return {
    jobEvent(session, record) {
      acknowledge(session, record.number, () => takeJobEvent(deps, intake, { session, record }));
    },
    jobStarted({ nodeId }, { jobId, attempt, time }) {
      const startTime = readTime(time);
      if (startTime === undefined)
        log.error({ job: jobId, node: nodeId }, "a node reported a start with an invalid time");
      else deps.jobs.begun(jobId, { attempt, time: startTime, nodeId });
    },
    contextEvent(session, record) {
      acknowledge(session, record.number, () => takeContextEvent(deps, intake, { session, record }));
    },
  };
}

function takeJobEvent(
  deps: EventIntakeDeps,
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
  { contexts }: EventIntakeDeps,
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

/** Undefined for a time that has no JSON form. */
function readTime(date: Date | undefined): Timestamp | undefined {
  if (date === undefined || Number.isNaN(date.getTime())) return undefined;
  const time = timestampFromDate(date);
  return findUnwritable(JobEventSchema, create(JobEventSchema, { time })) === undefined ? time : undefined;
}

/** Throws for an event that has no JSON form. */
function checkWritable<Desc extends DescMessage>(desc: Desc, event: MessageShape<Desc>): void {
  const unwritable = findUnwritable(desc, event);
  if (unwritable === undefined) return;
  throw new Unrecordable(`Cannot record an event of the node: ${unwritable.path} ${unwritable.why}`);
}
