import { clone } from "@bufbuild/protobuf";
import { type Job, JobSchema, LogLineSchema } from "../../proto/mod.ts";
import type { JobFilter, JobStore } from "../contract/mod.ts";
import { hasEnded, isAmong, isAsked } from "./filter.ts";
import { newestFirst } from "./order.ts";
import { addToOutbox } from "./outbox.ts";
import type { MemoryRecord } from "./record.ts";

export function createJobStore(record: MemoryRecord): JobStore {
  const { jobsById, jobIdsByRequest } = record;

  function jobs(): Job[] {
    return [...jobsById.values()].map(({ job }) => job);
  }

  function remove(id: string): boolean {
    const stored = jobsById.get(id);
    if (stored?.job.requestId) jobIdsByRequest.delete(stored.job.requestId);
    return jobsById.delete(id);
  }

  return {
    async insert(job, config, { result, event } = {}) {
      const taken = jobsById.get(job.id) ?? jobsById.get(jobIdsByRequest.get(job.requestId) ?? "");
      if (taken) return clone(JobSchema, taken.job);
      jobsById.set(job.id, {
        job: clone(JobSchema, job),
        config: config.slice(),
        result: result?.slice(),
        logs: new Map(),
      });
      if (job.requestId) jobIdsByRequest.set(job.requestId, job.id);
      addToOutbox(record, event);
      return undefined;
    },
    async get(id) {
      const stored = jobsById.get(id);
      return stored && clone(JobSchema, stored.job);
    },
    async update(job, { result, event } = {}) {
      const stored = jobsById.get(job.id);
      if (stored?.job.revision !== job.revision - 1) return false;
      if (stored.job.requestId) jobIdsByRequest.delete(stored.job.requestId);
      if (job.requestId) jobIdsByRequest.set(job.requestId, job.id);
      jobsById.set(job.id, { ...stored, job: clone(JobSchema, job), result: result?.slice() ?? stored.result });
      addToOutbox(record, event);
      return true;
    },
    async list(filter, { limit, before }) {
      const found = newestFirst(jobs(), { limit, before, meets: (job) => meets(job, filter) });
      return found.map((job) => clone(JobSchema, job));
    },
    async config(id) {
      return jobsById.get(id)?.config.slice();
    },
    async result(id) {
      return jobsById.get(id)?.result?.slice();
    },
    async appendLogs(id, lines) {
      const logs = jobsById.get(id)?.logs;
      for (const line of lines) if (logs && !logs.has(line.number)) logs.set(line.number, clone(LogLineSchema, line));
    },
    async logs(id, { after, limit }) {
      const lines = [...(jobsById.get(id)?.logs.values() ?? [])].filter(({ number }) => number > after);
      const page = lines.sort((a, b) => a.number - b.number).slice(0, limit);
      return page.map((line) => clone(LogLineSchema, line));
    },
    async delete(id) {
      return remove(id);
    },
    async deleteEnded(before, { limit }) {
      const ended = jobs().filter(({ endTime }) => hasEnded(endTime, before));
      return ended.slice(0, limit).filter(({ id }) => remove(id)).length;
    },
    async uses(digest) {
      return jobs().some(({ result }) => result?.digest === digest);
    },
  };
}

function meets(job: Job, { states, context, contextId, binary, binaryDigest, endedBefore }: JobFilter): boolean {
  return (
    isAmong(job.state, states) &&
    isAsked(job.context, context) &&
    isAsked(job.contextId, contextId) &&
    isAsked(job.binary, binary) &&
    isAsked(job.binaryDigest, binaryDigest) &&
    hasEnded(job.endTime, endedBefore)
  );
}
