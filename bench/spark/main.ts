/** `npm run bench:spark`: what Hearth adds to a Spark job, and how long a Spark context takes to start. Prints tables. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { parseArgs } from "node:util";
import { findToolchain, type Toolchain } from "../../context-node/spark/toolchain/mod.ts";
import { type Latency, latencyOf } from "../latency.ts";
import { describeMachine, milliseconds, table } from "../report.ts";
import { createContext, runAdHocJob, runJobs, startHearth } from "./hearth.ts";
import { startLoop } from "./loop.ts";

const USAGE = `Measures Spark contexts: a warm job beside the same job in a loop inside one driver, and starts of contexts.

  npm run bench:spark -- [--quick]

  --quick   a short run: shows that it works, not how fast`;

/** One executor of 600 MB as a process of its own: tasks, closures and results travel as on any cluster. */
const MASTER = "local-cluster[1,1,600]";
const CONF = { "spark.executor.memory": "600m", "spark.ui.enabled": "false" };

const QUICK = { warmUp: 20, rounds: 2, jobsPerRound: 20, starts: 2 };
const FULL = { warmUp: 100, rounds: 10, jobsPerRound: 20, starts: 5 };

/** Time in which a node that has run a Spark context makes the archive of classes and its first spare driver, in milliseconds. */
const PREPARATION_MS = 60_000;

/** Time in which it makes the next one, in milliseconds. */
const REST_MS = 20_000;

type Extent = typeof FULL;

interface Row extends Latency {
  readonly name: string;
}

/** Runs the job on both in turns, so that changes of the machine affect both. */
async function measureWarmJobs(toolchain: Toolchain, { warmUp, rounds, jobsPerRound }: Extent, context: Context) {
  const { signal, directory } = context;
  const conf = { ...CONF, "spark.master": MASTER, "spark.driver.memory": "640m" };
  await using loop = await startLoop(toolchain, { conf, signal });
  const spark = { master: MASTER, conf: CONF, spares: 0 };
  await using hearth = await startHearth(toolchain, { directory: join(directory, "warm"), spark, signal });
  await createContext(hearth.api, "bench");
  await loop.run(warmUp);
  await runJobs(hearth.api, "bench", warmUp);
  const times: { loop: number[]; hearth: number[] } = { loop: [], hearth: [] };
  for (let round = 0; round < rounds; round++) {
    times.loop.push(...(await loop.run(jobsPerRound)));
    times.hearth.push(...(await runJobs(hearth.api, "bench", jobsPerRound)));
  }
  return [
    { name: "loop inside one driver", ...latencyOf(times.loop) },
    { name: "Hearth, REST", ...latencyOf(times.hearth) },
  ] satisfies Row[];
}

/** Ad-hoc jobs: each creates a context on the cores of the node. */
async function measureStarts(toolchain: Toolchain, { starts }: Extent, { directory, signal }: Context) {
  const rows: Row[] = [];
  for (const { name, spares, preparationMs, restMs } of [
    { name: "ad-hoc job, its context included, no spare", spares: 0, preparationMs: 0, restMs: 0 },
    {
      name: "ad-hoc job, its context included, from a spare",
      ...{ spares: 1, preparationMs: PREPARATION_MS, restMs: REST_MS },
    },
  ]) {
    const folder = join(directory, `spares-${spares}`);
    const spark = { master: "local[2]", conf: { "spark.ui.enabled": "false" }, spares };
    await using hearth = await startHearth(toolchain, { directory: folder, spark, signal });
    // The first one compiles the driver if necessary.
    await runAdHocJob(hearth.api);
    await rest(preparationMs, undefined, { signal });
    const times: number[] = [];
    for (let number = 0; number < starts; number++) {
      await rest(restMs, undefined, { signal });
      times.push(await runAdHocJob(hearth.api));
    }
    rows.push({ name, ...latencyOf(times) });
  }
  return rows;
}

interface Context {
  readonly directory: string;
  readonly signal: AbortSignal;
}

async function run(extent: Extent, signal: AbortSignal): Promise<string> {
  const toolchain = await findToolchain({ env: process.env, log: (line) => console.error(line), signal });
  const directory = await mkdtemp(join(tmpdir(), "hearth-bench-spark-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const warm = await measureWarmJobs(toolchain, extent, { directory, signal });
  const starts = await measureStarts(toolchain, extent, { directory, signal });
  const { spark, java } = toolchain.compiler;
  const [loop, hearth] = warm;
  return [
    `${describeMachine()}, Spark ${spark.version}, Java ${java.version}; ${new Date().toISOString().slice(0, 10)}`,
    "",
    ...format(`warm word count on ${MASTER}`, warm),
    "",
    `Hearth ÷ loop, p50: ${((hearth?.p50Ms ?? Number.NaN) / (loop?.p50Ms ?? Number.NaN)).toFixed(2)} ×`,
    "",
    ...format("starts, on local[2]", starts),
  ].join("\n");
}

function format(title: string, rows: readonly Row[]): string[] {
  return table(
    [title, "times", "p50 ms", "p99 ms", "worst ms"],
    rows.map(({ name, count, p50Ms, p99Ms, worstMs }) => [
      name,
      String(count),
      milliseconds(p50Ms),
      milliseconds(p99Ms),
      milliseconds(worstMs),
    ]),
  );
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("Stopped by SIGINT")));
process.once("SIGTERM", () => stop.abort(new Error("Stopped by SIGTERM")));
try {
  const options = { quick: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
  const { values } = parseArgs({ options });
  if (values.help) console.log(USAGE);
  else console.log(`\n${await run(values.quick ? QUICK : FULL, stop.signal)}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
