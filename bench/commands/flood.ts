import type { Api } from "../api.ts";
import { CONTEXT, JOB } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import type { CommandRow } from "./mod.ts";
import { expectState, timed } from "./timed.ts";

/** Context beside the measured one. */
const NEIGHBOR = "neighbor";

/** Load of that context. */
const BESIDE = [
  { entryPoint: undefined, name: "warm job" },
  { entryPoint: "TightLoop", name: "warm job beside a context that computes" },
  { entryPoint: "Flood", name: "warm job beside a context that floods its node" },
] as const;

/** Warm jobs of one context, one after the other, while a job of another context floods the node. */
export async function measureNeighbors(api: Api, count: number) {
  await api.post("/v1/contexts", { name: NEIGHBOR });
  const rows: CommandRow[] = [];
  for (const { entryPoint, name } of BESIDE) rows.push({ name, ...(await measureBeside(api, entryPoint, count)) });
  await api.post(`/v1/contexts/${NEIGHBOR}:stop`);
  return rows;
}

async function measureBeside(api: Api, entryPoint: string | undefined, count: number) {
  const id = entryPoint === undefined ? undefined : await startBeside(api, entryPoint);
  const times: number[] = [];
  for (let number = 0; number < count; number++) {
    const { ms, answer } = await timed(() => api.post(`/v1/contexts/${CONTEXT}/jobs:run`, JOB));
    expectState(answer.job, "SUCCEEDED");
    times.push(ms);
  }
  if (id !== undefined) await api.post(`/v1/jobs/${id}:cancel`);
  return latencyOf(times);
}

async function startBeside(api: Api, entryPoint: string): Promise<string> {
  const spec = { ...JOB, entryPoint, gracePeriod: "0.001s" };
  const { id = "" } = await api.post(`/v1/contexts/${NEIGHBOR}/jobs`, spec);
  await api.untilEvent(id, "progress");
  return id;
}
