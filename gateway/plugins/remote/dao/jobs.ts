import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { JobStore } from "../../../../plugins/contract/mod.ts";
import { DaoService } from "../../../../proto/remote_plugin.ts";
import { defined } from "../connection.ts";
import type { DaoCalls } from "./calls.ts";

const { method } = DaoService;

export function createJobStore({ read, write }: DaoCalls): JobStore {
  return {
    async insert(job, config, { result, event } = {}) {
      return (await write("insertJob", { job, config, ...defined({ result, event }) })).takenBy;
    },
    async get(id) {
      return (await read(method.getJob, { id })).job;
    },
    async update(job, { result, event } = {}) {
      return (await write("updateJob", { job, ...defined({ result, event }) })).updated;
    },
    async list({ states = [], endedBefore, context, contextId, binary, binaryDigest }, { limit, before }) {
      const conditions = defined({ context, contextId, binary, binaryDigest, before });
      const ended = defined({ endedBefore: endedBefore && timestampFromDate(endedBefore) });
      return (await read(method.listJobs, { ...conditions, ...ended, states: [...states], limit })).jobs;
    },
    async config(id) {
      return (await read(method.getJobConfig, { id })).content;
    },
    async result(id) {
      return (await read(method.getJobResult, { id })).content;
    },
    async appendLogs(id, lines) {
      await write("appendJobLogs", { id, lines: [...lines] });
    },
    async logs(id, { after, limit }) {
      return (await read(method.listJobLogs, { id, after, limit })).lines;
    },
    async delete(id) {
      return (await write("deleteJob", { id })).deleted;
    },
    async deleteEnded(before, { limit }) {
      return (await write("deleteEndedJobs", { before: timestampFromDate(before), limit })).count;
    },
    async uses(digest) {
      return (await read(method.isDigestUsedByJob, { digest })).used;
    },
  };
}
