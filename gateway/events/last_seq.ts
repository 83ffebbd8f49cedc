import { fromJsonString } from "@bufbuild/protobuf";
import { jetstreamManager } from "@nats-io/jetstream";
import { EVENT_STREAM, JobEventSchema, jobEventSubject } from "../../proto/mod.ts";
import type { EventStream } from "./stream.ts";

/** `seq` of the last event of a job on the stream, 0 if there is none. Undefined if JetStream does not respond. */
export async function readLastSeq(
  { nats, isConnected }: Pick<EventStream, "nats" | "isConnected">,
  jobId: string,
): Promise<number | undefined> {
  if (!isConnected()) return undefined;
  const read = async (): Promise<number> => {
    const { streams } = await jetstreamManager(nats, { checkAPI: false });
    const last = await streams.getMessage(EVENT_STREAM, { last_by_subj: jobEventSubject(jobId, "*") });
    if (last === null) return 0;
    return fromJsonString(JobEventSchema, new TextDecoder().decode(last.data), { ignoreUnknownFields: true }).seq;
  };
  const [seq] = await Promise.allSettled([read()]);
  return seq.status === "fulfilled" ? seq.value : undefined;
}
