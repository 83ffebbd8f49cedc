/**
 * Delivery of one job's progress to its watchers. A real node forwards ten reports a second, so a script with the protocol of nodes reports
 * here; the gateway and the NATS server are real.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startChild, startGateway, startNatsServer } from "../../standalone/mod.ts";
import { type Api, createApi } from "../api.ts";
import { openWatcher } from "./watcher.ts";

/** Result of one job. */
export interface ProgressRow {
  readonly name: string;
  readonly events: number;
  readonly perSecond: number;
  /** Resident memory of the gateway while the job ran, in MiB. */
  readonly memoryBeforeMib: number;
  readonly memoryAfterMib: number;
}

/** Timeout of the session between gateway and node, in milliseconds. */
const MEET_TIMEOUT_MS = 20_000;

export async function measureProgress(
  directory: string,
  { events, signal }: { readonly events: number; readonly signal: AbortSignal },
): Promise<ProgressRow[]> {
  await using stack = new AsyncDisposableStack();
  const log = { debug() {}, info() {}, warn() {} };
  const nats = stack.use(await startNatsServer({ storeDir: join(directory, "nats"), port: 0, log, signal }));
  const gateway = stack.use(
    await startGateway({ natsUrl: nats.url, listen: "127.0.0.1:0", dataDir: join(directory, "gateway"), signal }),
  );
  stack.use(await startScriptedNode(nats.url));
  const url = `http://${gateway.ready}`;
  const api = createApi(url, { signal });
  await api.upload("bench", await readFile(resolve(import.meta.dirname, "..", "jobs.ts")));
  await makeContext(api);
  const measured = { api, url, processId: gateway.pid, events };
  await measureJob(measured, { name: "warm-up", stalled: 0 });
  return [
    await measureJob(measured, { name: "progress events to one watcher", stalled: 0 }),
    await measureJob(measured, { name: "…, beside one that has stopped reading", stalled: 1 }),
  ];
}

interface Measured {
  readonly api: Api;
  readonly url: string;
  readonly processId: number;
  readonly events: number;
}

async function measureJob(
  { api, url, processId, events }: Measured,
  { name, stalled }: { readonly name: string; readonly stalled: number },
): Promise<ProgressRow> {
  using stack = new DisposableStack();
  const spec = { binary: "bench", entryPoint: "WordCount", config: { events } };
  const memoryBeforeMib = await residentMib(processId);
  const startedAt = performance.now();
  const { id = "" } = await api.post("/v1/contexts/progress/jobs", spec);
  const watcher = stack.use(await openWatcher(url, id));
  for (let index = 0; index < stalled; index++) stack.use(await openWatcher(url, id)).pause();
  const endedAt = await watcher.ended;
  if (watcher.received !== events) throw new Error(`${name}: ${watcher.received} of ${events} events arrived`);
  const memoryAfterMib = await residentMib(processId);
  return { name, events, perSecond: (events / (endedAt - startedAt)) * 1000, memoryBeforeMib, memoryAfterMib };
}

function startScriptedNode(natsUrl: string) {
  return startChild({
    name: "scripted node",
    command: process.execPath,
    args: [join(import.meta.dirname, "scripted_node.ts"), natsUrl],
    readyWhen: (line) => (line.startsWith("listening on ") ? true : undefined),
  });
}

/** Retries until the gateway has a session with the node. */
async function makeContext(api: Api): Promise<void> {
  for (const until = performance.now() + MEET_TIMEOUT_MS; ; await delay(100)) {
    const [made] = await Promise.allSettled([api.post("/v1/contexts", { name: "progress" })]);
    if (made.status === "fulfilled") return;
    if (performance.now() > until) throw made.reason;
  }
}

/** A memory figure of a process from the operating system, in MiB. */
async function residentMib(processId: number): Promise<number> {
  const status = await readFile(`/proc/${processId}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
