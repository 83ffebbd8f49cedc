/** `npm start`: the whole of Hearth on this machine, until Ctrl-C. */
import { enableCompileCache, flushCompileCache } from "node:module";
import { COMPILE_CACHE } from "./compile_cache.ts";
import type { StandaloneConfig } from "./config.ts";

// As PRIVATE_UMASK, which is not loaded before there is a cache: the folder of the cache is private, too.
process.umask(0o077);
// What is imported from here on is compiled at the first start only.
enableCompileCache(process.env.NODE_COMPILE_CACHE ?? COMPILE_CACHE);
const { pino } = await import("pino");
const { hasLostUnusedTerminal, onEndRequest } = await import("../cluster/mod.ts");
const { parseConfig, USAGE } = await import("./config.ts");
const { formatLogLine, levelOf } = await import("./processes/log_lines.ts");
const { nextSteps } = await import("./next_steps.ts");
const { startStandalone } = await import("./standalone.ts");

const level = process.env.LOG_LEVEL ?? "info";

/** A line below is not shown. */
const threshold = pino.levels.values[level] ?? Number.POSITIVE_INFINITY;

/** Interval between checks whether the npm that has started this process is still there, in milliseconds. */
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
  // It may be killed: then the next start would compile all again.
  flushCompileCache();
  await stopped;
}

/**
 * Calls `gone` when npm was killed, which passes nothing on then: what it has started would keep the port and the folder. Under nohup a
 * terminal that closes ends npm alone, and this process stays as it was meant to.
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
