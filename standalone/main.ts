/** `npm start`: the whole of Hearth on this machine, until Ctrl-C. */
import { pino } from "pino";
import { parseConfig, type StandaloneConfig, USAGE } from "./config.ts";
import { formatLogLine } from "./log_lines.ts";
import { nextSteps } from "./next_steps.ts";
import { startStandalone } from "./standalone.ts";

async function run(config: StandaloneConfig): Promise<void> {
  const log = pino({}, { write: (line: string) => console.log(formatLogLine("hearth", line.trimEnd())) });
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "stopping; once more to stop at once");
      process.once(signal, () => process.exit(1));
      stop.abort(new Error(`Stopped by ${signal}`));
    });
  }

  const onLine = (source: string, line: string) => console.log(formatLogLine(source, line));
  await using standalone = await startStandalone({ ...config, log, signal: stop.signal, onLine });
  console.log(nextSteps(standalone.url));
  await Promise.race([stopped, standalone.closed()]);
}

try {
  const args = process.argv.slice(2);
  await (args.includes("--help") ? console.log(USAGE) : run(await parseConfig(args, process.env)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
