import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { isatty } from "node:tty";

/** Signals of supervisors, Ctrl-C and closed terminals that ask a process to end. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

type EndSignal = (typeof SIGNALS)[number];

/**
 * Time within which signals count as one request, in milliseconds: npm forwards the Ctrl-C that the terminal has sent to all, timeout(1)
 * signals the process and then its group.
 */
const REPEATED_MS = 500;

/** Number of the controlling terminal in /proc: the name of the program, in parentheses, may have blanks. */
const TERMINAL = /^.*\) \S+ \S+ \S+ \S+ (?<terminal>[1-9]\d*) /s;

const STAT = "/proc/self/stat";

const STARTED_AT = terminal();

const USES_TERMINAL = [0, 1, 2].some((descriptor) => isatty(descriptor));

/** The used parts of `process`. */
export interface SignalledProcess {
  on(signal: EndSignal, listener: () => void): unknown;
  exit(code: number): void;
  readonly stdout: Output;
  readonly stderr: Output;
}

interface Output {
  on(event: "error", listener: () => void): unknown;
}

/** The controlling terminal of this process. Node resets the ignored signal by which other programs detect nohup(1). */
function terminal(): string | undefined {
  // nohup(1) is detected on Linux only.
  return existsSync(STAT) ? TERMINAL.exec(readFileSync(STAT, "latin1"))?.groups?.terminal : undefined;
}

/**
 * Calls `end` once, at the first signal. A later one ends the process at once with 128 plus its number. Output that nobody reads, as of a
 * closed pipe, does not end it.
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
  // There is nowhere to report it.
  for (const output of [target.stdout, target.stderr]) output.on("error", () => {});
}

/** Whether this process was started at a terminal that it does not use, as under nohup(1), and that has been closed since. */
export function hasLostUnusedTerminal(): boolean {
  return STARTED_AT !== undefined && !USES_TERMINAL && terminal() !== STARTED_AT;
}
