import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { DaoService, GetBinaryRequest } from "../../proto/remote_plugin.ts";
import type { BinarySelector, Dao } from "../contract/mod.ts";
import { doWrite } from "./dao_writes.ts";
import type { Methods } from "./methods.ts";

export function createDaoService(dao: () => Dao): Methods<typeof DaoService> {
  return {
    async write({ writes }) {
      const started = dao();
      // All are called before one is awaited: the DAO keeps their order, and commits together what it can.
      return { outcomes: await Promise.all(writes.map((write) => doWrite(started, write))) };
    },
    async checkHealth(_request, { signal }) {
      await dao().checkHealth({ signal });
      return {};
    },

    getJob: async ({ id }) => ({ job: await dao().jobs.get(id) }),
    listJobs: async ({ endedBefore, limit, before, ...filter }) => ({
      jobs: await dao().jobs.list({ ...filter, endedBefore: toDate(endedBefore) }, { limit, before }),
    }),
    getJobConfig: async ({ id }) => content(await dao().jobs.config(id)),
    getJobResult: async ({ id }) => content(await dao().jobs.result(id)),
    listJobLogs: async ({ id, after, limit }) => ({ lines: await dao().jobs.logs(id, { after, limit }) }),
    isDigestUsedByJob: async ({ digest }) => ({ used: await dao().jobs.uses(digest) }),

    getContext: async ({ id }) => ({ context: await dao().contexts.get(id) }),
    findContext: async ({ name }) => ({ context: await dao().contexts.find(name) }),
    listContexts: async ({ states, endedBefore, limit, before }) => ({
      contexts: await dao().contexts.list({ states, endedBefore: toDate(endedBefore) }, { limit, before }),
    }),

    getBinary: async ({ name, selector }) => ({ binary: await dao().binaries.get(name, toSelector(selector)) }),
    listBinaries: async ({ limit, after }) => ({ binaries: await dao().binaries.list({ limit, after }) }),
    listBinaryVersions: async ({ name, limit, before }) => ({
      binaries: await dao().binaries.versions(name, { limit, before }),
    }),
    isDigestUsedByBinary: async ({ digest }) => ({ used: await dao().binaries.uses(digest) }),

    getFile: async ({ name }) => ({ file: await dao().files.get(name) }),
    listFiles: async ({ prefix, limit, after }) => ({ files: await dao().files.list({ prefix }, { limit, after }) }),
    isDigestUsedByFile: async ({ digest }) => ({ used: await dao().files.uses(digest) }),

    listOutboxEvents: async ({ limit, after }) => ({ events: await dao().outbox.list({ limit, after }) }),

    listAuditEntries: async ({ principal, limit, before }) => ({
      entries: await dao().audit.list({ principal }, { limit, before }),
    }),
  };
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
