import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";

/** Signals by which supervisors, Ctrl-C and a terminal that closes ask a process to end. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

type EndSignal = (typeof SIGNALS)[number];

/**
 * Signals within this time are one request, in milliseconds: npm passes on the Ctrl-C that the terminal has sent to all, timeout(1) signals
 * the process and then its group.
 */
const REPEATED_MS = 500;

/** Number of the controlling terminal in /proc: the name of the program, in parentheses, may have blanks. */
const TERMINAL = /^.*\) \S+ \S+ \S+ \S+ (?<terminal>[1-9]\d*) /s;

const STAT = "/proc/self/stat";

const STARTED_AT = terminal();

const USES_TERMINAL = [0, 1, 2].some((descriptor) => isatty(descriptor));

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

/** The terminal whose end hangs this process up. Node resets the ignored signal by which other programs recognize nohup(1). */
function terminal(): string | undefined {
  // Elsewhere than on Linux nohup(1) is not recognized.
  return existsSync(STAT) ? TERMINAL.exec(readFileSync(STAT, "latin1"))?.groups?.terminal : undefined;
}

/**
 * Calls `end` once, when a signal asks the process to end. A later one ends it at once, with 128 and the number of the signal as its code.
 * Output that nobody takes any more, as of a pipe whose reader has ended, does not end it.
 */
export function onEndRequest(target: SignalledProcess, end: (signal: EndSignal) => void): void {
  let askedMs: number | undefined;
  for (const signal of SIGNALS) {
    target.on(signal, () => {
      if (signal === "SIGHUP" && hasLostUnusedTerminal()) return;
      if (askedMs !== undefined) {
        if (performance.now() - askedMs > REPEATED_MS) target.exit(128 + constants.signals[signal]);
        return;
      }
      askedMs = performance.now();
      end(signal);
    });
  }
  // There is no place left to report it to.
  for (const output of [target.stdout, target.stderr]) output.on("error", () => {});
}

/** Whether this process was started at a terminal of which it uses nothing, as under nohup(1), and that terminal was closed since. */
export function hasLostUnusedTerminal(): boolean {
  return STARTED_AT !== undefined && !USES_TERMINAL && terminal() !== STARTED_AT;
}
