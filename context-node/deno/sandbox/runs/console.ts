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

/** By the level that Deno's console prints with. */
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * Sends all that the global console prints to the log of whichever job printed it; what no job printed is dropped.
 * Answers how the console formats its arguments.
 */
export function routeConsole(currentLog: () => RunLog | undefined): Format {
  const { Console, inspectArgs } = Reflect.get(Deno, INTERNAL) as Internals;
  globalThis.console = new Console((text, level) => {
    const line = text[text.length - 1] === "\n" ? slice(text, 0, text.length - 1) : text;
    currentLog()?.write(LEVELS[level] ?? "info", line);
  });
  return inspectArgs;
}
