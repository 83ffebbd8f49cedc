import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import type { OutcomeSchema, Write } from "../../proto/remote_plugin.ts";
import type { Dao } from "../contract/mod.ts";
import { CallRefused, faultOf } from "./refused.ts";

type Outcome = MessageInitShape<typeof OutcomeSchema>;

/** Does one write; what is wrong with it is its outcome. */
export async function doWrite(dao: Dao, { write }: Write): Promise<Outcome> {
  try {
    return { outcome: await callDao(dao, write) };
  } catch (error) {
    const { code, details, state = "" } = faultOf(error);
    return { outcome: { case: "failure", value: { code, message: details, storeState: state } } };
  }
}

/** Calls the DAO at once, before it gives a promise. */
async function callDao(
  { jobs, contexts, binaries, files, audit, outbox }: Dao,
  write: Write["write"],
): Promise<NonNullable<Outcome["outcome"]>> {
  switch (write.case) {
    case "insertJob": {
      const { job, config, result, event } = write.value;
      return { case: write.case, value: { takenBy: await jobs.insert(given(job, "job"), config, { result, event }) } };
    }
    case "updateJob": {
      const { job, result, event } = write.value;
      return { case: write.case, value: { updated: await jobs.update(given(job, "job"), { result, event }) } };
    }
    case "appendJobLogs":
      await jobs.appendLogs(write.value.id, write.value.lines);
      return { case: write.case, value: {} };
    case "deleteJob":
      return { case: write.case, value: { deleted: await jobs.delete(write.value.id) } };
    case "deleteEndedJobs": {
      const { before, limit } = write.value;
      return {
        case: write.case,
        value: { count: await jobs.deleteEnded(timestampDate(given(before, "before")), { limit }) },
      };
    }
    case "insertContext":
      return { case: write.case, value: { takenBy: await contexts.insert(given(write.value.context, "context")) } };
    case "updateContext": {
      const { context, event } = write.value;
      return { case: write.case, value: { updated: await contexts.update(given(context, "context"), { event }) } };
    }
    case "deleteContext":
      return { case: write.case, value: { deleted: await contexts.delete(write.value.id) } };
    case "deleteEndedContexts": {
      const { before, limit } = write.value;
      return {
        case: write.case,
        value: { count: await contexts.deleteEnded(timestampDate(given(before, "before")), { limit }) },
      };
    }
    case "insertBinary":
      return { case: write.case, value: { binary: await binaries.insert(given(write.value.binary, "binary")) } };
    case "deleteBinary":
      return { case: write.case, value: { binaries: await binaries.delete(write.value.name, write.value.version) } };
    case "insertFile":
      return { case: write.case, value: { takenBy: await files.insert(given(write.value.file, "file")) } };
    case "putFile":
      return { case: write.case, value: { file: await files.put(given(write.value.file, "file")) } };
    case "deleteFile":
      return { case: write.case, value: { file: await files.delete(write.value.name) } };
    case "appendAuditEntries":
      await audit.append(write.value.entries);
      return { case: write.case, value: {} };
    case "forgetAuditEntries":
      return { case: write.case, value: { count: await audit.forgetBefore(write.value.before) } };
    case "deleteOutboxEvents":
      return { case: write.case, value: { count: await outbox.delete(write.value.ids) } };
    case undefined:
      throw new CallRefused("the write is not known", status.UNIMPLEMENTED);
    default:
      return write satisfies never;
  }
}

/** A message that must be there. */
function given<Value>(value: Value | undefined, field: string): Value {
  if (value !== undefined) return value;
  throw new CallRefused(`"${field}" is missing`, status.INVALID_ARGUMENT);
}
