import type { Api } from "../api.ts";
import { CONTEXT, JOB } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { expectState, timed } from "./timed.ts";

/** Jobs that do not end by themselves, with their grace period. */
const KINDS = {
  Cooperative: { name: "cancel → confirmed, job that stops on abort", graceMs: 0 },
  TightLoop: { name: "cancel → confirmed, tight loop; without its grace of 100 ms", graceMs: 100 },
} as const;

/** Cancels running jobs one after the other. Each call returns when the job has stopped. */
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
