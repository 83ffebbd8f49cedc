import { slice } from "../confinement/primordials.ts";
import type { LogLevel } from "../messages/protocol.ts";
import type { Format, RunLog } from "./job_log.ts";

/** What Deno builds its own console from. */
interface Internals {
  readonly Console: new (print: (text: string, level: number) => void) => Console;
  inspectArgs(values: readonly unknown[]): string;
}

/** Where Deno keeps what its own modules share. It is no public API; tests check it against the pinned version. */
const INTERNAL: symbol = Reflect.get(Deno, "internal");

/** Indexed by the log level of Deno's console. */
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * Routes the output of the global console to the log of the job that printed it. Output that belongs to no job is dropped.
 * Returns the formatter of the console.
 */
export function routeConsole(currentLog: () => RunLog | undefined): Format {
  const { Console, inspectArgs } = Reflect.get(Deno, INTERNAL) as Internals;
  globalThis.console = new Console((text, level) => {
    const line = text[text.length - 1] === "\n" ? slice(text, 0, text.length - 1) : text;
    currentLog()?.write(LEVELS[level] ?? "info", line);
  });
  return inspectArgs;
}
