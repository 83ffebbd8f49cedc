import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { closeOutputAtExit } from "../../cluster/mod.ts";
import { abortable, deadline, startTimer } from "../../lib/async/mod.ts";
import { startGuard } from "./guard.ts";

/** How to start a process and how to tell that it is ready. */
export interface ChildSpec<Ready> {
  /** Shown in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its environment, whole. Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Asked for each line of output until it answers something: what the process said when it was ready. */
  readonly readyWhen: (line: string) => Ready | undefined;
  /** Receives each line of standard output and standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Longest time until it is ready; Infinity: without end. Default 30 s. */
  readonly startTimeoutMs?: number | undefined;
  /** Time between SIGTERM and SIGKILL when it is disposed. Default 20 s. */
  readonly drainTimeoutMs?: number | undefined;
}

/**
 * A running process. Disposing it sends SIGTERM and resolves when it is gone. It is killed should this process be gone first. What it has
 * started is killed when it ends, however that happens.
 */
export interface Child<Ready> extends AsyncDisposable {
  readonly ready: Ready;
  readonly pid: number;
  /** Resolves after disposal; rejects when the process ended by itself. */
  readonly closed: Promise<void>;
}

/** Lines kept to tell why a process ended. */
const LAST_LINES = 30;

/**
 * Starts a process in a process group of its own, so that Ctrl-C reaches the parent alone, which then ends its children in
 * order. Rejects, with the last lines of its output, when it ends or stays silent before it is ready.
 */
export async function startChild<Ready>(
  spec: ChildSpec<Ready>,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<Child<Ready>> {
  options.signal?.throwIfAborted();
  const child = spawn(spec.command, spec.args, { stdio: ["ignore", "pipe", "pipe"], detached: true, env: spec.env });
  const lines: string[] = [];
  const ready = Promise.withResolvers<Ready>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
      spec.onLine?.(line);
      const answer = spec.readyWhen(line);
      if (answer !== undefined) ready.resolve(answer);
    });
  }

  let disposing = false;
  const ended = whenEnded(child);
  const closed = ended.then((how) => {
    if (!disposing) throw new Error([`${spec.name} ${how}`, ...lines].join("\n  "));
  });

  const stop = async () => {
    disposing = true;
    child.kill("SIGTERM");
    using _ = startTimer(spec.drainTimeoutMs ?? 20_000, () => child.kill("SIGKILL"));
    await ended;
  };

  const timeoutMs = spec.startTimeoutMs ?? 30_000;
  const failed = Promise.withResolvers<never>();
  if (child.pid !== undefined) startGuard(child).once("error", failed.reject);
  const starting = Promise.race([ready.promise, failed.promise, closed.then(() => failed.promise)]);
  try {
    const answer = await deadline(abortable(starting, options.signal), timeoutMs, () => {
      throw new Error(`${spec.name} was not ready in ${timeoutMs} ms`);
    });
    return { ready: answer, pid: child.pid ?? 0, closed, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Says how the process ended, once its output was read. */
function whenEnded(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(`could not be started: ${error.message}`));
  child.once("exit", () => killGroup(child.pid));
  // What left its group may hold its output.
  closeOutputAtExit(child);
  child.once("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : `exited with code ${code}`));
  return promise;
}

/** Kills what a process has left of its group: nobody else would end it, and it may hold ports, stores or the ends of pipes. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
