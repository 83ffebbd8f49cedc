import type { ProcessLog } from "../../process_output.ts";
import type { DriverMessage } from "../protocol/driver_protocol.ts";

type Line = Extract<DriverMessage, { type: "log" }>["lines"][number];

/** Maximum number of lines of one driver that the node logs in a second. */
const MOST_A_SECOND = 50;

const LONGEST_ENTRY = 4096;

interface LoggedContext {
  readonly contextId: string;
  readonly name: string;
  /** Whether lines may contain secrets. If so, the log omits their texts. */
  readonly isConcealed: boolean;
}

/** Receives the lines that a driver logs outside of its jobs. */
export interface DriverLog {
  write(lines: readonly Line[]): void;
}

/** Logs warnings and errors of a driver as warnings, other lines at debug. Beyond the limit, counts the lines instead. */
export function createDriverLog(log: ProcessLog, { isConcealed, ...context }: LoggedContext): DriverLog {
  let windowEnd = 0;
  let written = 0;
  return {
    write(lines) {
      const now = performance.now();
      if (now >= windowEnd) {
        if (written > MOST_A_SECOND)
          log.debug({ ...context, lines: written - MOST_A_SECOND }, "Spark driver logs too fast; dropped lines");
        windowEnd = now + 1000;
        written = 0;
      }
      for (const { level, text } of lines) {
        written += 1;
        if (written > MOST_A_SECOND) continue;
        const severity = level === "ERROR" || level === "WARN" ? "warn" : "debug";
        if (isConcealed) log[severity]({ ...context, level }, "Spark driver; text omitted, its context has secrets");
        else log[severity]({ ...context, text: text.slice(0, LONGEST_ENTRY) }, "Spark driver");
      }
    },
  };
}

/** Whether Spark reports that jobs wait for executors: the users of the jobs should see this line. */
export function isStarved({ text }: Line): boolean {
  return text.includes("Initial job has not accepted any resources");
}
