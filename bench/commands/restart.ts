import type { Api } from "../api.ts";
import { CONTEXT } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { expectState, timed } from "./timed.ts";

/** Restarts an idle context repeatedly. Each call returns when the new process accepts jobs. */
export async function measureRestarts(api: Api, count: number) {
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const { ms, answer } = await timed(() => api.post(`/v1/contexts/${CONTEXT}:restart`));
    expectState(answer, "RUNNING");
    times.push(ms);
  }
  return { name: "restart of a context", ...latencyOf(times) };
}
