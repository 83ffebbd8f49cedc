import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { abortable } from "../../../lib/async/mod.ts";
import type { ProcessGroups } from "../../isolation/mod.ts";
import { residentBytes } from "../../process_memory.ts";
import type { ProcessLog } from "../../process_output.ts";
import type { SandboxEnd } from "../../runtime/mod.ts";
import type { DriverCommand, LaunchRequest } from "../launch/driver_command.ts";
import type { DriverConnection, DriverListener } from "../protocol/driver_connection.ts";
import type { NodeMessage } from "../protocol/driver_protocol.ts";
import type { DriverServer, Hello } from "../protocol/driver_server.ts";
import { endOf } from "./driver_exit.ts";
import { type DriverProcess, spawnDriver } from "./driver_process.ts";

/** Time between SIGTERM and SIGKILL, in milliseconds. */
const TERM_MS = 1_000;

/** Time between the end of a driver's connection and that of its process, or the other way round, in milliseconds. */
const LAST_WORDS_MS = 2_000;

/** A driver that has connected. Disposing it stops its application and ends its process. */
export interface Driver extends AsyncDisposable {
  readonly hello: Hello;
  readonly processId: number | undefined;
  /** Resolves when it is gone, after its last message. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
  /** Of the process on this machine. Never rejects. */
  readonly exited: DriverProcess["exited"];
  listen(listener: DriverListener): void;
  send(message: NodeMessage): void;
  sendContent: DriverConnection["sendContent"];
  /** From now on nothing that it prints is logged or repeated when it ends: there may be secrets in it. */
  conceal(): void;
  /** Resident memory now, in bytes; 0 where it is not known. */
  memoryBytes(): number;
  /** What its end is, whatever ends it from now on. */
  expectEnd(end: SandboxEnd): void;
  /** It is about to end by itself; if not, it is killed soon. */
  expire(end: SandboxEnd): void;
  /** Ends it at once. */
  kill(end: SandboxEnd): void;
}

export interface DriverDeps {
  readonly server: DriverServer;
  readonly log: ProcessLog;
  readonly groups: Pick<ProcessGroups, "open">;
  /** Folder of the node's run, in which each driver gets one. */
  readonly parent: string;
}

export interface DriverStart {
  /** The command line; `folder` and `token` are of this driver alone. */
  command(request: Pick<LaunchRequest, "folder" | "token">): Promise<DriverCommand>;
  readonly heapBytes: number;
  /** What its processes may take together; undefined: executors are among them, of which nobody knows. */
  readonly memoryLimitBytes: number | undefined;
  /** The driver runs in the cluster, and the process here only submits it. */
  readonly isSubmitted: boolean;
  readonly isConcealed: boolean;
  /** False for what nobody waits for. */
  readonly isUrgent: boolean;
  /** Time that it has to stop by itself before it is ended by SIGTERM, in milliseconds. */
  readonly stopMs: number;
  /** Time between the end of its connection and that of its process. Default 2 s. */
  readonly lastWordsMs?: number | undefined;
}

/** Resolves when the driver has connected. Rejects, with nothing left behind, when it ends before or the signal is aborted. */
export async function startDriver(deps: DriverDeps, start: DriverStart, signal: AbortSignal): Promise<Driver> {
  const folder = join(deps.parent, randomUUID());
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  for (const name of ["home", "tmp"]) await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
  using expected = deps.server.expect();
  const command = await start.command({ folder, token: expected.token });
  signal.throwIfAborted();
  const spawned = spawnDriver(deps, command, start);
  stack.defer(async () => {
    spawned.kill("SIGKILL");
    await spawned.exited;
  });
  const connected = Promise.race([expected.connected, failWhenEnded(spawned, start)]);
  const { connection, hello } = await abortable(connected, signal);
  return createDriver({ spawned, connection, hello, owned: stack.move() }, start);
}

async function failWhenEnded(
  spawned: DriverProcess,
  { heapBytes, isConcealed, isSubmitted }: DriverStart,
): Promise<never> {
  const exit = await spawned.exited;
  // The cluster starts it when it can.
  if (isSubmitted && exit.code === 0) return new Promise<never>(() => {});
  const end = endOf({ ...exit, heapBytes, isConcealed });
  throw new Error(end.type === "disposed" ? "the driver was ended" : end.message);
}

interface StartedDriver {
  readonly spawned: DriverProcess;
  readonly connection: DriverConnection;
  readonly hello: Hello;
  /** Removes what is left of it. */
  readonly owned: AsyncDisposable;
}

function createDriver({ spawned, connection, hello, owned }: StartedDriver, start: DriverStart): Driver {
  const { heapBytes, isSubmitted, stopMs, lastWordsMs = LAST_WORDS_MS } = start;
  let end: SandboxEnd | undefined;
  let { isConcealed } = start;
  /** It was asked to stop: a JVM that writes an archive at its end says nothing meanwhile. */
  let isStopping = false;
  const timers = new Set<NodeJS.Timeout>();
  let isGone = false;

  function after(delayMs: number, act: () => void): void {
    if (!isGone) timers.add(setTimeout(act, delayMs));
  }

  function kill(known: SandboxEnd): void {
    end ??= known;
    spawned.kill("SIGKILL");
    connection.close();
  }

  async function watch(): Promise<SandboxEnd> {
    const connectionGone = connection.ended.then((closed) => {
      if (closed.type === "violated") end ??= { type: "violated", message: closed.message };
      if (closed.type === "silent" && !isStopping) end ??= { type: "crashed", message: closed.message };
      // It ends by itself now, unless something holds it up.
      if ((closed.type === "closed" || isStopping) && !isSubmitted) after(lastWordsMs, () => spawned.kill("SIGKILL"));
      else spawned.kill("SIGKILL");
    });
    const processGone = spawned.exited.then((exit) => {
      if (isSubmitted) return undefined;
      after(LAST_WORDS_MS, () => connection.close());
      return exit;
    });
    const [exit] = await Promise.all([processGone, connectionGone]);
    isGone = true;
    for (const timer of timers) clearTimeout(timer);
    await owned[Symbol.asyncDispose]();
    if (end !== undefined) return end;
    if (exit === undefined)
      return { type: "crashed", message: "The Spark driver in the cluster closed its connection" };
    const bytes = spawned.outOfMemoryBytes();
    if (bytes === undefined) return endOf({ ...exit, heapBytes, isConcealed });
    return {
      type: "outOfMemory",
      message: `The Spark driver had ${Math.ceil(bytes / 1024 ** 2)} MiB in memory, which is more than its context may take`,
    };
  }

  const ended = watch();
  return {
    hello,
    processId: isSubmitted ? undefined : spawned.processId(),
    ended,
    exited: spawned.exited,
    listen: (listener) => connection.listen(listener),
    send(message) {
      if (message.type === "stop") isStopping = true;
      connection.send(message);
    },
    sendContent: (request, bytes) => connection.sendContent(request, bytes),
    conceal() {
      isConcealed = true;
      spawned.conceal();
    },
    memoryBytes: () => (isSubmitted ? 0 : residentBytes(spawned.processId())),
    expectEnd(known) {
      end ??= known;
    },
    expire(known) {
      end ??= known;
      after(LAST_WORDS_MS, () => kill(known));
    },
    kill,
    async [Symbol.asyncDispose]() {
      end ??= { type: "disposed" };
      connection.send({ type: "stop" });
      after(stopMs, () => spawned.kill("SIGTERM"));
      after(stopMs + TERM_MS, () => kill({ type: "disposed" }));
      await ended;
    },
  };
}
