/** Latencies of single commands, measured with `fetch` from the benchmark's process until Hearth responds that they are done. */
import type { Api } from "../api.ts";
import type { Times } from "../config.ts";
import type { Latency } from "../latency.ts";
import { measureCancels } from "./cancel.ts";
import { measureColdStarts } from "./cold_start.ts";
import { measureDrain } from "./drain.ts";
import { measureNeighbors } from "./flood.ts";
import { measureRestarts } from "./restart.ts";

/** One line of the report. */
export interface CommandRow extends Latency {
  readonly name: string;
}

/** Measures all commands, in an otherwise idle system. */
export async function measureCommands(api: Api, times: Times): Promise<CommandRow[]> {
  return [
    ...(await measureColdStarts(api, times.coldStarts)),
    await measureCancels(api, "Cooperative", times.cancels),
    await measureCancels(api, "TightLoop", times.cancels),
    await measureRestarts(api, times.restarts),
    ...(await measureNeighbors(api, times.neighbors)),
    ...(await measureDrain(api, times.queuedJobs)),
  ];
}

export { measureColdStarts };
