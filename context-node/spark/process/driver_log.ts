import type { ProcessLog } from "../../process_output.ts";
import type { DriverMessage } from "../protocol/driver_protocol.ts";

type Line = Extract<DriverMessage, { type: "log" }>["lines"][number];

/** Lines of one driver that the node logs in a second. */
const MOST_A_SECOND = 50;

const LONGEST_ENTRY = 4096;

interface LoggedContext {
  readonly contextId: string;
  readonly name: string;
  /** There may be secrets in what it writes: texts are left out. */
  readonly isConcealed: boolean;
}

/** Where what a driver logs beside its jobs goes. */
export interface DriverLog {
  write(lines: readonly Line[]): void;
}

/** Logs what goes wrong as warnings, all else at debug; of too many lines it counts the rest. */
export function createDriverLog(log: ProcessLog, { isConcealed, ...context }: LoggedContext): DriverLog {
  let windowEnd = 0;
  let written = 0;
  return {
    write(lines) {
      const now = performance.now();
      if (now >= windowEnd) {
        if (written > MOST_A_SECOND)
          log.debug({ ...context, lines: written - MOST_A_SECOND }, "left out lines of a Spark driver");
        windowEnd = now + 1000;
        written = 0;
      }
      for (const { level, text } of lines) {
        written += 1;
        if (written > MOST_A_SECOND) continue;
        const severity = level === "ERROR" || level === "WARN" ? "warn" : "debug";
        if (isConcealed) log[severity]({ ...context, level }, "Spark driver, text left out: its context has secrets");
        else log[severity]({ ...context, text: text.slice(0, LONGEST_ENTRY) }, "Spark driver");
      }
    },
  };
}

/** Whether Spark says that jobs wait for executors: their users ought to see it. */
export function isStarved({ text }: Line): boolean {
  return text.includes("Initial job has not accepted any resources");
}
