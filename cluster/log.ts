import { type Logger, pino } from "pino";

/** Largest backlog of a blocked output, such as a full disk, in bytes. Further lines are lost. */
const WAITING_BYTES = 1024 * 1024;

/** The log of a process, on its standard output. A failing output loses lines but does not end the process. */
export function createLog(name: string): Logger {
  const output = pino.destination({ fd: 1, sync: true, maxLength: WAITING_BYTES });
  // Logging the error would fail again.
  output.on("error", () => {});
  return pino({ name }, output);
}
