/** `npm run bench`: measures, prints a table, and writes the figures to `bench/results.json`. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApi } from "./api.ts";
import { type CommandRow, measureColdStarts, measureCommands } from "./commands/mod.ts";
import { type BenchConfig, parseConfig, USAGE } from "./config.ts";
import { startHearth } from "./hearth.ts";
import { measure } from "./load/mod.ts";
import { type Measurement, PLAN } from "./plan.ts";
import { measureProgress } from "./progress/mod.ts";
import { describeMachine, formatReport, type Report, type Row, ratiosOf } from "./report.ts";
import { startBullmq, startConnectEcho, startRestate } from "./rivals/mod.ts";

/** Too large to be installed with the others. */
const RESTATE_SERVER = process.env.RESTATE_SERVER ?? "restate-server";

const RESULTS = join(import.meta.dirname, "results.json");

async function run(config: BenchConfig, signal: AbortSignal): Promise<Report> {
  const directory = await mkdtemp(join(tmpdir(), "hearth-bench-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));

  // One system at a time: idle ones would use the machine, too.
  const rows: Row[] = [];
  let commands: CommandRow[] = [];
  {
    await using hearth = await startHearth(join(directory, "hearth"), { signal });
    commands = await measureCommands(createApi(hearth.url, { signal }), config.times);
    rows.push(...(await measureAll("hearth", hearth.url, config, signal)));
  }
  {
    // The same system without the isolation of the operating system, to show its cost at a start.
    const configFile = join(directory, "open.json");
    await writeFile(configFile, JSON.stringify({ node: { sandbox: { isolation: "off" } } }));
    await using open = await startHearth(join(directory, "open"), { signal, configFile });
    const starts = await measureColdStarts(createApi(open.url, { signal }), config.times.coldStarts);
    commands.push(...starts.map((row) => ({ ...row, name: `${row.name}, isolation off` })));
  }
  const events = config.progressEvents;
  const progress = await measureProgress(join(directory, "progress"), { events, signal });
  {
    await using bullmq = await startBullmq(join(directory, "redis"));
    if (bullmq) rows.push(...(await measureAll("bullmq", bullmq.url, config, signal)));
  }
  {
    await using restate = await startRestate(join(directory, "restate"), { command: RESTATE_SERVER });
    if (restate) rows.push(...(await measureAll("restate", restate.url, config, signal)));
  }
  {
    await using echo = await startConnectEcho();
    rows.push(...(await measureAll("echo", echo.url, config, signal)));
  }
  return {
    at: new Date().toISOString(),
    machine: describeMachine(),
    secondsPerFigure: config.durationMs / 1000,
    rows,
    progress,
    commands,
    ratios: ratiosOf(rows),
  };
}

async function measureAll(system: Measurement["system"], url: string, config: BenchConfig, signal: AbortSignal) {
  const rows: Row[] = [];
  const { warmUpMs, durationMs, firstWarmUpMs } = config;
  const plan = PLAN.filter((each) => each.system === system);
  for (const { name: _, ...measurement } of plan.slice(0, 1)) {
    // Warms the compiler up for the first measurement.
    const connections = Math.max(...config.connections);
    await measure({ ...measurement, url, connections, warmUpMs: firstWarmUpMs, durationMs: warmUpMs }, { signal });
  }
  for (const { name, ...measurement } of plan) {
    for (const connections of config.connections) {
      const figures = await measure({ ...measurement, url, connections, warmUpMs, durationMs }, { signal });
      console.error(`${name}, ${connections}: ${figures.perSecond.toFixed(0)}/s, p50 ${figures.p50Ms?.toFixed(2)} ms`);
      if (figures.firstFailure) console.error(`  ${figures.failures} failed: ${figures.firstFailure}`);
      rows.push({ name, ...figures });
    }
  }
  return rows;
}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("Stopped by SIGINT")));
process.once("SIGTERM", () => stop.abort(new Error("Stopped by SIGTERM")));
try {
  const config = parseConfig(process.argv.slice(2));
  if (config) {
    const report = await run(config, stop.signal);
    await writeFile(RESULTS, `${JSON.stringify(report, undefined, 2)}\n`);
    console.log(`\n${formatReport(report)}`);
  }
  if (!config) console.log(USAGE);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
