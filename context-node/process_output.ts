import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** Rate of output beyond which the pipe is left full and jobs wait: they can print without end. */
const BYTES_A_SECOND = 256 * 1024;
const LONGEST_ENTRY = 4096;

/** Log of runtimes, such as a pino logger. */
export interface ProcessLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The output of a process. */
export interface ProcessOutput {
  /** The end of its output, on standard error by default. Complete once the process is closed. */
  lastWords(stream?: "stdout" | "stderr"): string;
  /** Stops logging the output, which may contain secrets from now on. */
  conceal(): void;
}

/** Logs the output of a process until it is concealed. */
export function logOutput(child: ChildProcess, log: Pick<ProcessLog, "debug">): ProcessOutput {
  const lastWords = { stdout: "", stderr: "" };
  let isConcealed = false;
  for (const name of ["stdout", "stderr"] as const) {
    read(child, child[name], (text) => {
      if (!isConcealed) log.debug({ pid: child.pid, text: text.slice(0, LONGEST_ENTRY) }, "sandbox output");
      lastWords[name] = (lastWords[name] + text).slice(-LONGEST_ENTRY);
    });
  }
  return {
    lastWords: (stream = "stderr") => lastWords[stream].trim(),
    conceal() {
      isConcealed = true;
    },
  };
}

function read(child: ChildProcess, stream: Readable | null, write: (text: string) => void): void {
  let windowEnd = 0;
  let bytes = 0;
  stream?.on("data", (chunk: Buffer) => {
    const now = performance.now();
    if (now >= windowEnd) {
      windowEnd = now + 1000;
      bytes = 0;
    }
    bytes += chunk.length;
    write(chunk.toString());
    if (bytes <= BYTES_A_SECOND || child.exitCode !== null) return;
    stream.pause();
    setTimeout(() => stream.resume(), windowEnd - now).unref();
  });
  // The rest of the pipe has the reason for the end.
  child.once("exit", () => stream?.resume());
}
