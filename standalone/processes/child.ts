import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { closeOutputAtExit } from "../../cluster/mod.ts";
import { abortable, deadline, startTimer } from "../../lib/async/mod.ts";
import { startGuard } from "./guard.ts";

/** How to start a process and how to recognize that it is ready. */
export interface ChildSpec<Ready> {
  /** Shown in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Complete environment. Default: the environment of this process. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Called with each line of output until it returns a value, which becomes `ready`. */
  readonly readyWhen: (line: string) => Ready | undefined;
  /** Receives each line of standard output and standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Longest time until it is ready, in milliseconds. Default 30 s; Infinity for no limit. */
  readonly startTimeoutMs?: number | undefined;
  /** Time between SIGTERM and SIGKILL at disposal, in milliseconds. Default 20 s. */
  readonly drainTimeoutMs?: number | undefined;
}

/**
 * A running process. Disposing it sends SIGTERM and resolves when it has ended. If this process ends first, it is killed. When it ends in any
 * way, the processes that it started are killed.
 */
export interface Child<Ready> extends AsyncDisposable {
  readonly ready: Ready;
  readonly pid: number;
  /** Resolves after disposal; rejects when the process ended by itself. */
  readonly closed: Promise<void>;
}

/** Number of last lines kept to explain why a process ended. */
const LAST_LINES = 30;

/**
 * Starts a process in its own process group, so that Ctrl-C reaches only the parent, which then ends its children in order. Rejects, with the
 * last lines of its output, if it ends or times out before it is ready.
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

/** Resolves to how the process ended, after its output was read. */
function whenEnded(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(`could not be started: ${error.message}`));
  child.once("exit", () => killGroup(child.pid));
  // A process that left the group may hold the output.
  closeOutputAtExit(child);
  child.once("close", (code, signal) => resolve(signal ? `was ended by ${signal}` : `exited with code ${code}`));
  return promise;
}

/** Kills the remaining processes of a group: nothing else ends them, and they may hold ports, stores or pipes. */
function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
