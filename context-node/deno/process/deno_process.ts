import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { closeOutputAtExit } from "../../../cluster/mod.ts";
import { abortable, deadline } from "../../../lib/async/mod.ts";
import type { Isolation } from "../../isolation/mod.ts";
import type { LineScheduler } from "../../line_scheduler.ts";
import { logOutput, type ProcessLog } from "../../process_output.ts";
import type { SandboxEnd } from "../../runtime/mod.ts";
import { type Channel, openChannel } from "../channel/channel.ts";
import { weighCommand } from "../channel/command_weights.ts";
import { ProtocolViolation, parseReports } from "../channel/report_schemas.ts";
import type { SandboxCommand, SandboxReport } from "../sandbox/messages/protocol.ts";
import { describeExcess, hardLimitBytes, watchMemory } from "../watches/memory_watch.ts";
import type { CodeCaches } from "./code_caches.ts";
import type { SandboxProgram } from "./deno_program.ts";
import type { ProcessProfile } from "./process_profile.ts";

/** A sandbox process with its first executor, ready for a context. Disposing it kills it. */
export interface DenoProcess extends AsyncDisposable {
  /** Process id of Deno; undefined if it could not be started. */
  readonly pid: number | undefined;
  /** Resolves when the process has ended, after its last report. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
  readonly channel: Pick<Channel<SandboxCommand>, "pause" | "resume" | "state">;
  send(command: SandboxCommand): void;
  /** Passes all further reports to this listener. If it throws, the process is killed as a violation. */
  listen(listener: (report: SandboxReport) => void): void;
  /** From now on the output of the process is neither logged nor part of its end, because it may contain secrets. */
  conceal(): void;
  /** Returns the resident memory, in bytes. */
  memoryBytes(): number;
  /** Kills the process as crashed, with this message. */
  abandon(message: string): void;
  /** Kills the process because it broke the protocol, which no job can do. */
  endForViolation(message: string): void;
}

export interface ProcessDeps {
  readonly isolation: Pick<Isolation, "launch">;
  readonly program: SandboxProgram;
  readonly caches: CodeCaches;
  readonly scheduler: LineScheduler;
  readonly log: ProcessLog;
  /** Maximum time until a process accepts commands, in milliseconds. */
  readonly startTimeoutMs: number;
}

/** Number of the executor that every process starts with. */
export const FIRST_EXECUTOR = 1;

/** Descriptors of the process: no standard input, its output, and the channel to the node. */
const STDIO = ["ignore", "pipe", "pipe", "pipe"] as const;

const MEBIBYTE = 1024 * 1024;

/** Time until the system has the memory of an ended executor back, in milliseconds. */
const MEMORY_RETURN_MS = 1000;

/** V8's message when the heap limit is reached and it cannot stop the executor alone. */
const OUT_OF_HEAP = /out of memory/i;

/**
 * Starts a process. Resolves when it accepts commands. If it ends first, takes too long or the signal is aborted, the process and its folder are removed and the promise
 * rejects. A process with `warmsUp` never gets a job: its cache folder is writable, so that it can fill the template of all others.
 */
export async function startDenoProcess(
  { isolation, program, caches, scheduler, log, startTimeoutMs }: ProcessDeps,
  profile: ProcessProfile,
  { warmsUp = false, signal }: { warmsUp?: boolean; signal?: AbortSignal | undefined },
): Promise<DenoProcess> {
  signal?.throwIfAborted();
  const cache = await caches.create();
  const launch = isolation.launch({
    args: denoArguments(profile),
    mainModule: program.mainModule,
    env: environment(profile),
    net: profile.reach !== undefined,
    memoryBytes: hardLimitBytes(profile.memoryBytes, { executors: 1 }),
    cache: { folder: cache.path, isWritten: warmsUp },
    firstDescriptor: STDIO.length,
  });
  const child = spawn(launch.file, launch.args, { ...launch.options, stdio: [...STDIO, ...launch.stdio] });
  const held = launch.hold(child);
  const output = logOutput(child, log);
  const kill = (): void => held.kill();

  let end: SandboxEnd | undefined;
  let isConcealed = false;
  let executors = 1;
  function endWith(known: SandboxEnd): void {
    end ??= known;
    kill();
  }
  function endForViolation(what: string): void {
    const message = `The sandbox violated its protocol and was killed: ${what}`;
    if (end === undefined) log.warn({ pid: child.pid }, message);
    endWith({ type: "violated", message });
  }

  const watched = { pid: held.processId, limitBytes: profile.memoryBytes, executors: () => executors };
  const memory = watchMemory(watched, (message) => endWith({ type: "outOfMemory", message }));
  closeOutputAtExit(child);
  const ended = new Promise<SandboxEnd>((resolve) => {
    child.once("exit", () => channel.finish());
    // `close` is emitted after all output was read; only `error` is emitted if the binary cannot be run.
    child.once("close", (code, exitSignal) => {
      const bytes = held.outOfMemoryBytes();
      if (bytes !== undefined) end ??= { type: "outOfMemory", message: describeExcess(bytes, profile.memoryBytes) };
      resolve(end ?? endOf({ code, exitSignal, profile, words: output.lastWords(), isConcealed }));
    });
    child.on("error", (error) => resolve({ type: "crashed", message: `Cannot run ${launch.file}: ${error.message}` }));
  }).finally(async () => {
    memory[Symbol.dispose]();
    held[Symbol.dispose]();
    await cache[Symbol.asyncDispose]();
  });

  const ready = Promise.withResolvers<void>();
  let listener = (report: SandboxReport): void => {
    if (report.type !== "ready") throw new ProtocolViolation(`"${report.type}" before "ready"`);
    ready.resolve();
  };

  /** The trust boundary: all messages of a sandbox are validated here, and errors that they cause are caught here. */
  function receive(line: string): void {
    if (end !== undefined) return;
    const parsed = parseReports(line);
    if ("error" in parsed) return endForViolation(`a malformed report: ${parsed.error}`);
    try {
      for (const report of parsed.reports) {
        if (report.type === "executorEnded") forgetExecutorLater();
        listener(report);
      }
    } catch (error) {
      if (!(error instanceof ProtocolViolation))
        log.warn({ pid: child.pid, err: error }, "cannot process a report of a sandbox");
      endForViolation(error instanceof ProtocolViolation ? error.message : "a report that cannot be processed");
    }
  }

  function forgetExecutorLater(): void {
    const timer = setTimeout(() => {
      executors -= 1;
    }, MEMORY_RETURN_MS);
    timer.unref();
  }

  const channel = openChannel<SandboxCommand>(child.stdio[3] as Duplex, {
    scheduler,
    line: receive,
    malformed: endForViolation,
    weigh: weighCommand,
  });
  channel.send({
    type: "start",
    executorCode: program.executorCode,
    heapMebibytes: Math.ceil(profile.memoryBytes / MEBIBYTE),
    firstExecutor: FIRST_EXECUTOR,
  });
  const starting = Promise.race([Promise.all([ready.promise, held.placed]), ended.then(failStart)]);
  try {
    // The signal may have been aborted while the cache folder was created.
    await deadline(abortable(starting, signal), startTimeoutMs, () => {
      throw new Error(`Cannot start a sandbox: it was not ready within ${startTimeoutMs} ms`);
    });
    if (warmsUp) await cache.offer();
  } catch (error) {
    kill();
    await ended;
    throw error;
  }

  return {
    pid: held.processId(),
    ended,
    channel,
    send(command) {
      if (command.type === "startExecutor") {
        executors += 1;
        held.raiseMemory(hardLimitBytes(profile.memoryBytes, { executors }));
      }
      channel.send(command);
    },
    listen(next) {
      listener = next;
    },
    conceal() {
      isConcealed = true;
      output.conceal();
    },
    memoryBytes: memory.bytes,
    abandon: (message) => endWith({ type: "crashed", message }),
    endForViolation,
    async [Symbol.asyncDispose]() {
      endWith({ type: "disposed" });
      await ended;
    },
  };
}

function denoArguments({ reach }: ProcessProfile): string[] {
  const grants = reach === undefined ? [] : [`--allow-net=${reach.allow.join(",")}`];
  // Deno checks denials before grants, and again for the addresses that a name resolves to. An empty list would deny everything.
  if (reach !== undefined && reach.deny.length > 0) grants.push(`--deny-net=${reach.deny.join(",")}`);
  const offline = ["--no-remote", "--no-npm", "--cached-only", "--no-config", "--no-lock"];
  return ["run", "--quiet", "--no-prompt", ...offline, ...grants];
}

/** The whole environment of the process: it inherits nothing from the node. The channel is descriptor 3. */
function environment({ timeZone, reach }: ProcessProfile): Record<string, string> {
  return {
    DENO_NO_UPDATE_CHECK: "1",
    NODE_CHANNEL_FD: "3",
    NO_COLOR: "1",
    ...(timeZone === undefined ? {} : { TZ: timeZone }),
    // Deno cannot deny IPv6 blocks, and does not recognize an IPv4-mapped address that a name resolves to (`::ffff:127.0.0.1`).
    ...(reach === undefined || reach.isIpv6Resolved ? {} : { RES_OPTIONS: "no-aaaa" }),
  };
}

function endOf(exit: {
  code: number | null;
  exitSignal: NodeJS.Signals | null;
  profile: ProcessProfile;
  words: string;
  isConcealed: boolean;
}): SandboxEnd {
  const { code, exitSignal, profile, words, isConcealed } = exit;
  if (OUT_OF_HEAP.test(words)) {
    return { type: "outOfMemory", message: `The heap of an executor exceeded the limit of ${mebibytes(profile)}` };
  }
  const signal = exitSignal ?? signalOf(code);
  const how = signal === undefined ? `with code ${code}` : `by signal ${signal}`;
  return {
    type: "crashed",
    message: `The process of the context ended ${how}${words && !isConcealed ? `: ${words}` : ""}`,
  };
}

/** Returns the signal that ended a wrapped program: the wrapper then exits with 128 plus the number of the signal. */
function signalOf(code: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
}

function failStart(end: SandboxEnd): never {
  throw new Error(`Cannot start a sandbox: ${end.type === "disposed" ? "it was disposed" : end.message}`);
}

function mebibytes({ memoryBytes }: ProcessProfile): string {
  return `${Math.ceil(memoryBytes / MEBIBYTE)} MiB`;
}
