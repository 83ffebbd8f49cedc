import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pino } from "pino";
import { type Child, startChild, startGateway, startNatsServer } from "../../standalone/mod.ts";
import { createApi } from "../api.ts";
import { watch } from "./watcher.ts";

/** How well a gateway tells of progress. */
export interface ProgressFigures {
  readonly events: number;
  /** To one watcher. */
  readonly perSecond: number;
  /** The same, beside another watcher that has stopped reading. */
  readonly besideStopped: number;
  /** Resident memory of the gateway, in MiB, after a job that one watcher reads, and after one that another has stopped reading; null where the system does not say. */
  readonly memoryMiB: readonly [read: number | null, stopped: number | null];
}

const CONTEXT = "progress";
const BINARY = "progress";

/** Lets a scripted node report progress as fast as a gateway takes it, to one watcher; then again beside a watcher that has stopped reading. */
export async function measureProgress(
  directory: string,
  { events, signal }: { readonly events: number; readonly signal: AbortSignal },
): Promise<ProgressFigures> {
  await using stack = new AsyncDisposableStack();
  const log = pino({ level: "silent" });
  await mkdir(directory, { recursive: true });
  const nats = stack.use(await startNatsServer({ storeDir: join(directory, "nats"), port: 0, log, signal }));
  const dataDir = join(directory, "gateway");
  const gateway = stack.use(await startGateway({ natsUrl: nats.url, listen: "127.0.0.1:0", dataDir, signal }));
  stack.use(await startScriptedNode(nats.url));
  const url = `http://${gateway.ready}`;
  const api = createApi(url, { signal });
  await api.upload(BINARY, Buffer.from("export const Report = () => 0;"));
  await api.post("/v1/contexts", { name: CONTEXT });

  async function report(stoppedReaders: number): Promise<number> {
    const { id = "" } = await api.post("/v1/jobs", {
      ...{ binary: BINARY, entryPoint: "Report", context: CONTEXT },
      config: { events },
    });
    const startedAt = performance.now();
    using watchers = new DisposableStack();
    for (let count = 0; count < stoppedReaders; count++) watchers.use(await watch(url, id, { stops: true }));
    const watcher = watchers.use(await watch(url, id));
    await watcher.ended;
    if (watcher.events < events) throw new Error(`A watcher was told ${watcher.events} of ${events} events`);
    return watcher.events / ((performance.now() - startedAt) / 1000);
  }

  const perSecond = await report(0);
  const read = await residentMiB(gateway);
  const besideStopped = await report(1);
  return { events, perSecond, besideStopped, memoryMiB: [read, await residentMiB(gateway)] };
}

function startScriptedNode(natsUrl: string): Promise<Child<true>> {
  return startChild({
    name: "scripted node",
    command: process.execPath,
    args: [join(import.meta.dirname, "node.ts"), natsUrl],
    readyWhen: (line) => (line === "announced" ? true : undefined),
  });
}

async function residentMiB({ pid }: Child<string>): Promise<number | null> {
  const [status] = await Promise.allSettled([readFile(`/proc/${pid}/status`, "utf8")]);
  const kibibytes = status.status === "fulfilled" && /^VmRSS:\s+(\d+)/m.exec(status.value)?.[1];
  return kibibytes ? Number(kibibytes) / 1024 : null;
}
