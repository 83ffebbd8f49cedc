import type { Api } from "../api.ts";
import { CONTEXT, JOB } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { expectState, timed } from "./timed.ts";

/** Kinds of jobs that do not end by themselves, and the time that is theirs once they are cancelled. */
const KINDS = {
  Cooperative: { name: "cancel → confirmed, job that stops when told", graceMs: 0 },
  TightLoop: { name: "cancel → confirmed, tight loop; without its grace of 100 ms", graceMs: 100 },
} as const;

/** Cancels running jobs, one after the other, each by a call that is answered when it has stopped. */
export async function measureCancels(api: Api, entryPoint: keyof typeof KINDS, count: number) {
  const { name, graceMs } = KINDS[entryPoint];
  const spec = { ...JOB, entryPoint, gracePeriod: graceMs === 0 ? "1s" : `${graceMs / 1000}s` };
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const { id = "" } = await api.post(`/v1/contexts/${CONTEXT}/jobs`, spec);
    await api.untilEvent(id, "progress");
    const { ms, answer } = await timed(() => api.post(`/v1/jobs/${id}:cancel`));
    expectState(answer, "CANCELLED");
    times.push(ms - graceMs);
  }
  return { name, ...latencyOf(times) };
}
