import type { Api } from "../api.ts";
import { JOB } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { expectState, timed } from "./timed.ts";

/** Ad-hoc jobs one after the other, each with a context of its own. */
export async function measureColdStarts(api: Api, count: number) {
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const { ms, answer } = await timed(() => api.post("/v1/jobs:run", JOB));
    expectState(answer.job, "SUCCEEDED");
    times.push(ms);
  }
  return [
    { name: "first ad-hoc job, its context included", ...latencyOf(times.slice(0, 1)) },
    { name: "ad-hoc job, its context included", ...latencyOf(times.slice(1)) },
  ];
}
