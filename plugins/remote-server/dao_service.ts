import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import type { DaoService, GetBinaryRequest } from "../../proto/remote_plugin.ts";
import type { BinarySelector, Dao } from "../contract/mod.ts";
import type { Methods } from "./methods.ts";
import { CallRefused } from "./refused.ts";

export function createDaoService(dao: () => Dao): Methods<typeof DaoService> {
  return {
    async checkHealth(_request, { signal }) {
      await dao().checkHealth({ signal });
      return {};
    },

    insertJob: async ({ job, config, result }) => ({
      takenBy: await dao().jobs.insert(given(job, "job"), config, { result }),
    }),
    getJob: async ({ id }) => ({ job: await dao().jobs.get(id) }),
    updateJob: async ({ job, result }) => ({ updated: await dao().jobs.update(given(job, "job"), { result }) }),
    listJobs: async ({ endedBefore, limit, before, ...filter }) => ({
      jobs: await dao().jobs.list({ ...filter, endedBefore: toDate(endedBefore) }, { limit, before }),
    }),
    getJobConfig: async ({ id }) => content(await dao().jobs.config(id)),
    getJobResult: async ({ id }) => content(await dao().jobs.result(id)),
    async appendJobLogs({ id, lines }) {
      await dao().jobs.appendLogs(id, lines);
      return {};
    },
    listJobLogs: async ({ id, after, limit }) => ({ lines: await dao().jobs.logs(id, { after, limit }) }),
    deleteJob: async ({ id }) => ({ deleted: await dao().jobs.delete(id) }),
    deleteEndedJobs: async ({ before, limit }) => ({
      count: await dao().jobs.deleteEnded(timestampDate(given(before, "before")), { limit }),
    }),
    isDigestUsedByJob: async ({ digest }) => ({ used: await dao().jobs.uses(digest) }),

    insertContext: async ({ context }) => ({ takenBy: await dao().contexts.insert(given(context, "context")) }),
    getContext: async ({ id }) => ({ context: await dao().contexts.get(id) }),
    findContext: async ({ name }) => ({ context: await dao().contexts.find(name) }),
    updateContext: async ({ context }) => ({ updated: await dao().contexts.update(given(context, "context")) }),
    listContexts: async ({ states, endedBefore, limit, before }) => ({
      contexts: await dao().contexts.list({ states, endedBefore: toDate(endedBefore) }, { limit, before }),
    }),
    deleteContext: async ({ id }) => ({ deleted: await dao().contexts.delete(id) }),
    deleteEndedContexts: async ({ before, limit }) => ({
      count: await dao().contexts.deleteEnded(timestampDate(given(before, "before")), { limit }),
    }),

    insertBinary: async ({ binary }) => ({ binary: await dao().binaries.insert(given(binary, "binary")) }),
    getBinary: async ({ name, selector }) => ({ binary: await dao().binaries.get(name, toSelector(selector)) }),
    listBinaries: async ({ limit, after }) => ({ binaries: await dao().binaries.list({ limit, after }) }),
    listBinaryVersions: async ({ name, limit, before }) => ({
      binaries: await dao().binaries.versions(name, { limit, before }),
    }),
    deleteBinary: async ({ name, version }) => ({ binaries: await dao().binaries.delete(name, version) }),
    isDigestUsedByBinary: async ({ digest }) => ({ used: await dao().binaries.uses(digest) }),

    putFile: async ({ file }) => ({ file: await dao().files.put(given(file, "file")) }),
    getFile: async ({ name }) => ({ file: await dao().files.get(name) }),
    listFiles: async ({ prefix, limit, after }) => ({ files: await dao().files.list({ prefix }, { limit, after }) }),
    deleteFile: async ({ name }) => ({ file: await dao().files.delete(name) }),
    isDigestUsedByFile: async ({ digest }) => ({ used: await dao().files.uses(digest) }),

    async appendAuditEntries({ entries }) {
      await dao().audit.append(entries);
      return {};
    },
    listAuditEntries: async ({ principal, limit, before }) => ({
      entries: await dao().audit.list({ principal }, { limit, before }),
    }),
    forgetAuditEntries: async ({ before }) => ({ count: await dao().audit.forgetBefore(before) }),
  };
}

/** A message that must be there. */
function given<Value>(value: Value | undefined, field: string): Value {
  if (value !== undefined) return value;
  throw new CallRefused(`"${field}" is missing`, status.INVALID_ARGUMENT);
}

function toDate(time: Timestamp | undefined): Date | undefined {
  return time && timestampDate(time);
}

function content(bytes: Uint8Array | undefined) {
  return bytes === undefined ? {} : { content: bytes };
}

function toSelector(selector: GetBinaryRequest["selector"]): BinarySelector {
  switch (selector.case) {
    case "version":
      return { version: selector.value };
    case "digest":
      return { digest: selector.value };
    case undefined:
      return { newest: true };
    default:
      return selector satisfies never;
  }
}
