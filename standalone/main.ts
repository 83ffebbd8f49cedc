/** `npm start`: the whole of Hearth on this machine, until Ctrl-C. */
import { enableCompileCache, flushCompileCache } from "node:module";
import { COMPILE_CACHE } from "./compile_cache.ts";
import type { StandaloneConfig } from "./config.ts";

// The value of PRIVATE_UMASK, which cannot be imported before the cache is enabled. It applies to the folder of the cache, too.
process.umask(0o077);
// Later imports are compiled at the first start only.
enableCompileCache(process.env.NODE_COMPILE_CACHE ?? COMPILE_CACHE);
const { pino } = await import("pino");
const { hasLostUnusedTerminal, onEndRequest } = await import("../cluster/mod.ts");
const { parseConfig, USAGE } = await import("./config.ts");
const { formatLogLine, levelOf } = await import("./processes/log_lines.ts");
const { nextSteps } = await import("./next_steps.ts");
const { startStandalone } = await import("./standalone.ts");

const level = process.env.LOG_LEVEL ?? "info";

/** Level below which lines are not shown. */
const threshold = pino.levels.values[level] ?? Number.POSITIVE_INFINITY;

/** Interval between checks whether the npm that started this process is alive, in milliseconds. */
const NPM_CHECK_MS = 1000;

async function run(config: StandaloneConfig): Promise<void> {
  const log = pino({ level }, { write: (line: string) => console.log(formatLogLine("hearth", line.trimEnd())) });
  const stop = new AbortController();
  const { promise: stopped, resolve: end } = Promise.withResolvers<void>();
  const endBy = (reason: string): void => {
    log.info({ reason }, "stopping; once more to stop at once");
    stop.abort(new Error(`Stopped by ${reason}`));
    end();
  };
  onEndRequest(process, endBy);
  using _ = watchNpm(() => stop.signal.aborted || endBy("the end of npm"));

  const onLine = (source: string, line: string): void => {
    if (levelOf(line) >= threshold) console.log(formatLogLine(source, line));
  };
  const logLevel = level === "trace" || level === "debug" ? level : "info";
  const starting = startStandalone({ ...config, logLevel, log, signal: stop.signal, onLine });
  const [started] = await Promise.allSettled([starting]);
  if (started.status === "rejected") {
    if (stop.signal.aborted) return;
    throw started.reason;
  }
  await using standalone = started.value;
  console.log(nextSteps(standalone));
  // If this process is killed later, the next start finds the cache.
  flushCompileCache();
  await stopped;
}

/**
 * Calls `gone` when npm was killed. A killed npm forwards no signal, and this process would keep the port and the folder. Under nohup, a
 * terminal that closes ends only npm, and this process continues as intended.
 */
function watchNpm(gone: () => void): Disposable {
  const parent = process.ppid;
  const isByNpm = process.env.npm_lifecycle_script?.includes("standalone/main.ts") ?? false;
  const check = (): void => {
    if (process.ppid !== parent && !hasLostUnusedTerminal()) gone();
  };
  const timer = isByNpm ? setInterval(check, NPM_CHECK_MS) : undefined;
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

try {
  const args = process.argv.slice(2);
  await (args.includes("--help") ? console.log(USAGE) : run(await parseConfig(args, process.env)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
