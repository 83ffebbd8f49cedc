import { slice } from "../confinement/primordials.ts";
import type { LogLevel } from "../messages/protocol.ts";
import { internals } from "./deno_internals.ts";
import type { Format, RunLog } from "./job_log.ts";

/** By the level that Deno's console prints with. */
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * Sends all that the global console prints to the log of whichever job printed it; what no job printed is dropped.
 * Answers how the console formats its arguments.
 */
export function routeConsole(currentLog: () => RunLog | undefined): Format {
  const { Console, inspectArgs } = internals();
  globalThis.console = new Console((text, level) => {
    const line = text[text.length - 1] === "\n" ? slice(text, 0, text.length - 1) : text;
    currentLog()?.write(LEVELS[level] ?? "info", line);
  });
  return inspectArgs;
}
