import { setTimeout as rest } from "node:timers/promises";
import type { Api } from "../api.ts";
import { JOB } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { expectState, timed } from "./timed.ts";

/** Time after which a spare sandbox process is ready for the next context, in milliseconds. */
const REST_MS = 300;

/** Ad-hoc jobs, each with a context of its own: one after the other, and after rests. */
export async function measureColdStarts(api: Api, count: number) {
  const first = await timeAdHocJob(api);
  const next: number[] = [];
  for (let number = 1; number < count; number++) next.push(await timeAdHocJob(api));
  const rested: number[] = [];
  for (let number = 1; number < count; number++) {
    await rest(REST_MS);
    rested.push(await timeAdHocJob(api));
  }
  return [
    { name: "first ad-hoc job, its context included", ...latencyOf([first]) },
    { name: "ad-hoc job, its context included", ...latencyOf(next) },
    { name: "ad-hoc job after a rest, its context included", ...latencyOf(rested) },
  ];
}

async function timeAdHocJob(api: Api): Promise<number> {
  const { ms, answer } = await timed(() => api.post("/v1/jobs:run", JOB));
  expectState(answer.job, "SUCCEEDED");
  return ms;
}
