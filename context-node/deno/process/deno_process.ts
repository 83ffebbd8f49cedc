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
  /** The process id of Deno. Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Resolves when the process is gone, after its last report. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
  readonly channel: Pick<Channel<SandboxCommand>, "pause" | "resume" | "state">;
  send(command: SandboxCommand): void;
  /** Gives all further reports to this listener, whose errors end the process as violations. */
  listen(listener: (report: SandboxReport) => void): void;
  /** From now on nothing that it prints is logged or repeated when it ends: there may be secrets in it. */
  conceal(): void;
  /** Resident memory now, in bytes. */
  memoryBytes(): number;
  /** Kills the process because it is beyond help; `ended` has the message. */
  abandon(message: string): void;
  /** Kills the process because it did what no job can do. */
  endForViolation(message: string): void;
}

export interface ProcessDeps {
  readonly isolation: Pick<Isolation, "launch">;
  readonly program: SandboxProgram;
  readonly caches: CodeCaches;
  readonly scheduler: LineScheduler;
  readonly log: ProcessLog;
  /** The longest that a process may take until it takes commands, in milliseconds. */
  readonly startTimeoutMs: number;
}

/** The executor that every process starts with. */
export const FIRST_EXECUTOR = 1;

/** What the process is given: nothing to read, what it prints, and its channel to the node. */
const STDIO = ["ignore", "pipe", "pipe", "pipe"] as const;

const MEBIBYTE = 1024 * 1024;

/** The memory of an executor goes back to the system a while after its end. */
const MEMORY_RETURN_MS = 1000;

/** V8's last words when the heap limit is reached where it cannot stop the executor alone. */
const OUT_OF_HEAP = /out of memory/i;

/**
 * Resolves when the process takes commands. Rejects, with nothing left behind, when it ends or takes too long before, or the signal is aborted. One that warms up
 * is never given a job: it is not isolated, so that it can write the cache with which all others begin.
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
    const message = `The sandbox violated its protocol and was ended: ${what}`;
    if (end === undefined) log.warn({ pid: child.pid }, message);
    endWith({ type: "violated", message });
  }

  const watched = { pid: held.processId, limitBytes: profile.memoryBytes, executors: () => executors };
  const memory = watchMemory(watched, (message) => endWith({ type: "outOfMemory", message }));
  closeOutputAtExit(child);
  const ended = new Promise<SandboxEnd>((resolve) => {
    child.once("exit", () => channel.finish());
    // `close` comes when the output is read to its end, too; `error` alone when the binary could not be run.
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
    if (report.type !== "ready") throw new ProtocolViolation(`"${report.type}" before it was ready`);
    ready.resolve();
  };

  /** The fence: nothing that a sandbox sends gets past it unchecked, and no error that it causes. */
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
        log.warn({ pid: child.pid, err: error }, "cannot take a report of a sandbox");
      endForViolation(error instanceof ProtocolViolation ? error.message : "a report that cannot be taken");
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
    // The signal may have aborted while the cache was made.
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
  // Denied before it is allowed, and looked at again for the addresses that a name resolves to. Without a list it would deny everything.
  if (reach !== undefined && reach.deny.length > 0) grants.push(`--deny-net=${reach.deny.join(",")}`);
  const offline = ["--no-remote", "--no-npm", "--cached-only", "--no-config", "--no-lock"];
  return ["run", "--quiet", "--no-prompt", ...offline, ...grants];
}

/** All that the process gets: nothing of ours is inherited. The channel is at descriptor 3. */
function environment({ timeZone, reach }: ProcessProfile): Record<string, string> {
  return {
    DENO_NO_UPDATE_CHECK: "1",
    NODE_CHANNEL_FD: "3",
    NO_COLOR: "1",
    ...(timeZone === undefined ? {} : { TZ: timeZone }),
    // Deno cannot deny blocks of IPv6, and does not see the IPv4 address in one that a name resolves to (`::ffff:127.0.0.1`).
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
    return { type: "outOfMemory", message: `The heap of an executor went over the limit of ${mebibytes(profile)}` };
  }
  const signal = exitSignal ?? signalOf(code);
  const how = signal === undefined ? `with code ${code}` : `by signal ${signal}`;
  return {
    type: "crashed",
    message: `The process of the context ended ${how}${words && !isConcealed ? `: ${words}` : ""}`,
  };
}

/** The signal that a program inside another one ended by: the outer one ends with a code above 128 then. */
function signalOf(code: number | null): string | undefined {
  return Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
}

function failStart(end: SandboxEnd): never {
  throw new Error(`Cannot start a sandbox: ${end.type === "disposed" ? "it was disposed" : end.message}`);
}

function mebibytes({ memoryBytes }: ProcessProfile): string {
  return `${Math.ceil(memoryBytes / MEBIBYTE)} MiB`;
}
