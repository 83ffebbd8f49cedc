import { type Logger, pino } from "pino";

/** The most that waits for an output that takes nothing, such as a full disk, in bytes; what comes then is lost. */
const WAITING_BYTES = 1024 * 1024;

/** The log of a process, on its standard output. An output that fails loses lines, and does not end the process. */
export function createLog(name: string): Logger {
  const output = pino.destination({ fd: 1, sync: true, maxLength: WAITING_BYTES });
  // Logged, it would fail again.
  output.on("error", () => {});
  return pino({ name }, output);
}
