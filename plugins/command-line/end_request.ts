import { readFileSync } from "node:fs";
import { constants } from "node:os";

/** Signals by which supervisors, Ctrl-C and a terminal that closes ask a process to end. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

type EndSignal = (typeof SIGNALS)[number];

/**
 * Signals within this time are one request, in milliseconds: npm passes on the Ctrl-C that the terminal has sent to all, timeout(1) signals
 * the process and then its group.
 */
const REPEATED_MS = 500;

/** Access mode of a descriptor that is only written, in the octal flags of /proc. */
const WRITE_ONLY = /^flags:\s+\d*1$/m;

/** The parts of `process` that are used. */
export interface SignalledProcess {
  on(signal: EndSignal, listener: () => void): unknown;
  exit(code: number): void;
  readonly stdout: Output;
  readonly stderr: Output;
}

interface Output {
  on(event: "error", listener: () => void): unknown;
}

/**
 * Calls `end` once, when a signal asks the process to end. A later one ends it at once, with 128 and the number of the signal as its code.
 * Output that nobody takes any more, as of a pipe whose reader has ended, does not end it.
 */
export function onEndRequest(process: SignalledProcess, end: (signal: EndSignal) => void): void {
  let askedMs: number | undefined;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (signal === "SIGHUP" && isHangupIgnored()) return;
      if (askedMs !== undefined) {
        if (performance.now() - askedMs > REPEATED_MS) process.exit(128 + constants.signals[signal]);
        return;
      }
      askedMs = performance.now();
      end(signal);
    });
  }
  // There is no place left to report it to.
  for (const output of [process.stdout, process.stderr]) output.on("error", () => {});
}

/**
 * Whether nohup(1) has started this process at a terminal: it leaves a standard input that cannot be read. Node resets the ignored signal by
 * which other programs know it.
 */
export function isHangupIgnored(): boolean {
  try {
    return WRITE_ONLY.test(readFileSync("/proc/self/fdinfo/0", "utf8"));
  } catch {
    // Not Linux: nohup is not recognized there.
    return false;
  }
}
