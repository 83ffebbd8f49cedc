/** `npm run bench:hops`: where the time of one synchronous call goes, from the client through all processes and back. */
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startHearth } from "../hearth.ts";
import { latencyOf } from "../latency.ts";
import { openHttpClient } from "../load/http_client.ts";
import { REST } from "../plan.ts";
import { HOPS_FOLDER, type HopRecord, type Recorded } from "./records.ts";

const CALLS = 2000;
/** Calls that count, at the end. Earlier calls warm the system up. */
const COUNTED = 1000;
/** Delay between two calls, in milliseconds. Work after a response ends within it. */
const REST_MS = 5;

/** Stations of a call in order: the program and its record. Of several records of one kind, the first after the previous station counts. */
const STATIONS: readonly { readonly hop: string; readonly program?: string; readonly what?: HopRecord["what"] }[] = [
  { hop: "client writes → gateway has read the head", program: "gateway/main.ts", what: "request" },
  { hop: "gateway decodes, checks, places → writes to the session", program: "gateway/main.ts", what: "session out" },
  { hop: "→ node reads", program: "context-node/main.ts", what: "session in" },
  { hop: "node → writes to the sandbox", program: "context-node/main.ts", what: "sandbox out" },
  {
    hop: "sandbox: main thread, executor, job, main thread → node reads",
    program: "context-node/main.ts",
    what: "sandbox in",
  },
  { hop: "node → writes to the session", program: "context-node/main.ts", what: "session out" },
  { hop: "→ gateway reads", program: "gateway/main.ts", what: "session in" },
  { hop: "gateway applies → begins a commit", program: "gateway/main.ts", what: "commit begun" },
  { hop: "SQLite commits, fsync included", program: "gateway/main.ts", what: "committed" },
  { hop: "gateway → writes the answer", program: "gateway/main.ts", what: "answer" },
  { hop: "→ client reads" },
];

interface Call {
  readonly sentAt: number;
  readonly answeredAt: number;
}

const now = (): number => Number(process.hrtime.bigint());

async function makeCalls(directory: string, signal: AbortSignal): Promise<Call[]> {
  await using hearth = await startHearth(join(directory, "hearth"), { signal });
  const { name: _, ...measurement } = REST;
  using client = await openHttpClient({ ...measurement, url: hearth.url, connections: 1, warmUpMs: 0, durationMs: 0 });
  const calls: Call[] = [];
  for (let count = 0; count < CALLS; count++) {
    const sentAt = now();
    await client.call();
    calls.push({ sentAt, answeredAt: now() });
    await delay(REST_MS);
  }
  return calls.slice(-COUNTED);
}

async function readRecords(folder: string): Promise<Map<string, HopRecord[]>> {
  const byProgram = new Map<string, HopRecord[]>();
  for (const name of await readdir(folder)) {
    const { program, records }: Recorded = JSON.parse(await readFile(join(folder, name), "utf8"));
    const key = STATIONS.find((station) => station.program && program.endsWith(station.program))?.program ?? program;
    byProgram.set(key, [...(byProgram.get(key) ?? []), ...records]);
  }
  for (const records of byProgram.values()) records.sort((one, other) => one.at - other.at);
  return byProgram;
}

/** Microseconds of each hop of a call. Undefined if a station has no record. */
function hopsOf({ sentAt, answeredAt }: Call, byProgram: ReadonlyMap<string, readonly HopRecord[]>) {
  const hops: number[] = [];
  let before = sentAt;
  for (const { program, what } of STATIONS) {
    const records = byProgram.get(program ?? "") ?? [];
    const at = program ? firstAfter(records, before, what) : answeredAt;
    if (at === undefined || at > answeredAt) return undefined;
    hops.push((at - before) / 1000);
    before = at;
  }
  return hops;
}

function firstAfter(records: readonly HopRecord[], time: number, what: HopRecord["what"] | undefined) {
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.at ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return records.slice(low, low + 50).find((record) => record.what === what)?.at;
}

/** Takes microseconds. */
function printMedian(times: readonly number[]): string {
  const { p50Ms } = latencyOf(times.map((us) => us / 1000));
  return `${((p50Ms ?? Number.NaN) * 1000).toFixed(0).padStart(6)} µs`;
}

async function run(signal: AbortSignal): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "hearth-hops-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const folder = join(directory, "records");
  await mkdir(folder);
  process.env[HOPS_FOLDER] = folder;
  process.env.NODE_OPTIONS = `--import ${join(import.meta.dirname, "record.ts")}`;
  const calls = await makeCalls(directory, signal);
  const byProgram = await readRecords(folder);
  const traced = calls.map((call) => hopsOf(call, byProgram)).filter((hops) => hops !== undefined);
  console.log(
    `${traced.length} of ${calls.length} calls, one at a time, each after a rest of ${REST_MS} ms; medians\n`,
  );
  for (const [index, { hop }] of STATIONS.entries()) {
    console.log(`${printMedian(traced.map((hops) => hops[index] ?? 0))}  ${hop}`);
  }
  const whole = calls.map(({ sentAt, answeredAt }) => (answeredAt - sentAt) / 1000);
  console.log(`${printMedian(whole)}  the whole call`);
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("Stopped by SIGINT")));
await run(stop.signal);
