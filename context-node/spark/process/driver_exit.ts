import { constants } from "node:os";
import type { SandboxEnd } from "../../runtime/mod.ts";

/** Exit of a driver's process, with its last output. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the output may contain secrets, so that no message may quote it. */
  readonly isConcealed: boolean;
  readonly heapBytes: number;
}

/** Line that a JVM with `-XX:+ExitOnOutOfMemoryError` prints when it ends. */
const OUT_OF_MEMORY = /Terminating due to java\.lang\.OutOfMemoryError: (?<what>.*)/;

/** Exit codes above this are signals, by the convention of shells. */
const FIRST_SIGNAL_CODE = 128;

/** Number of lines that a message quotes from the end of the output. */
const LAST_LINES = 12;

const MEBIBYTE = 1024 * 1024;

/** Derives the end of a driver from its exit, for a driver that ended unasked and without a message. */
export function endOf({ code, signal, stdout, stderr, isConcealed, heapBytes }: ProcessExit): SandboxEnd {
  const what = (OUT_OF_MEMORY.exec(stdout) ?? OUT_OF_MEMORY.exec(stderr))?.groups?.["what"]?.trim();
  if (what !== undefined) {
    const heap = `${Math.floor(heapBytes / MEBIBYTE)} MiB`;
    const advice = "create the context with more memory (memoryBytes, launcher.spark.driver.memory)";
    return {
      type: "outOfMemory",
      message: `The Spark driver ran out of memory (${what}) with a heap of ${heap}: ${advice}`,
    };
  }
  const killedBy = signal ?? signalOf(code);
  if (killedBy !== undefined) return crashed(`The Spark driver was ended by signal ${killedBy}`);
  if (code === 0) return crashed("A job ended the JVM of its Spark context (System.exit)");
  const words = isConcealed ? "" : lastLines(stderr);
  const how = `The Spark driver ended with code ${code}, by itself or because a job called System.exit`;
  return crashed(words === "" ? how : `${how}: ${words}`);
}

/** Name of the signal for an exit code of bubblewrap or `spark-submit`, which report the signal of the JVM this way. */
function signalOf(code: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === FIRST_SIGNAL_CODE + number)?.[0];
}

function lastLines(text: string): string {
  return text.split("\n").slice(-LAST_LINES).join("\n").trim();
}

function crashed(message: string): SandboxEnd {
  return { type: "crashed", message };
}
