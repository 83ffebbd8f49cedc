/** `npm start`: the whole of Hearth on this machine, until Ctrl-C. */
import { pino } from "pino";
import { PRIVATE_UMASK } from "../cluster/mod.ts";
import { parseConfig, type StandaloneConfig, USAGE } from "./config.ts";
import { formatLogLine, levelOf } from "./log_lines.ts";
import { nextSteps } from "./next_steps.ts";
import { startStandalone } from "./standalone.ts";

process.umask(PRIVATE_UMASK);

const level = process.env.LOG_LEVEL ?? "info";

/** A line below is not shown. */
const threshold = pino.levels.values[level] ?? Number.POSITIVE_INFINITY;

/** npm passes on the Ctrl-C that the terminal has sent to all: a second signal within so long is the first. */
const REPEATED_MS = 500;

async function run(config: StandaloneConfig): Promise<void> {
  const log = pino({ level }, { write: (line: string) => console.log(formatLogLine("hearth", line.trimEnd())) });
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  let stoppedAt = Number.POSITIVE_INFINITY;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (performance.now() - stoppedAt > REPEATED_MS) process.exit(1);
      if (stop.signal.aborted) return;
      stoppedAt = performance.now();
      log.info({ signal }, "stopping; once more to stop at once");
      stop.abort(new Error(`Stopped by ${signal}`));
    });
  }

  const onLine = (source: string, line: string): void => {
    if (levelOf(line) >= threshold) console.log(formatLogLine(source, line));
  };
  const logLevel = level === "trace" || level === "debug" ? level : "info";
  await using standalone = await startStandalone({ ...config, logLevel, log, signal: stop.signal, onLine });
  console.log(nextSteps(standalone));
  await stopped;
}

try {
  const args = process.argv.slice(2);
  await (args.includes("--help") ? console.log(USAGE) : run(await parseConfig(args, process.env)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
