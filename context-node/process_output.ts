import type { ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";

/** Jobs can print without end: beyond this the pipe is left full, and they wait. */
const BYTES_A_SECOND = 256 * 1024;
const LONGEST_ENTRY = 4096;

/** Where runtimes write; a pino logger is one. */
export interface ProcessLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What a process prints. */
export interface ProcessOutput {
  /** Its last words, on standard error unless said otherwise; complete once the process is closed. */
  lastWords(stream?: "stdout" | "stderr"): string;
  /** Logs no more of it: from now on there may be secrets in it. */
  conceal(): void;
}

/** Logs what the process prints, until it is to be concealed. */
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
  // What is left in the pipe tells why the process ended.
  child.once("exit", () => stream?.resume());
}
