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

/** Maximum time between the end of a driver's connection and the end of its process, in either order, in milliseconds. */
const LAST_WORDS_MS = 2_000;

/** A driver that has connected. Disposing it stops its application and ends its process. */
export interface Driver extends AsyncDisposable {
  readonly hello: Hello;
  readonly processId: number | undefined;
  /** Resolves when connection and process have ended, after the last message. Never rejects. */
  readonly ended: Promise<SandboxEnd>;
  /** Resolves when the process on this machine has exited. Never rejects. */
  readonly exited: DriverProcess["exited"];
  listen(listener: DriverListener): void;
  send(message: NodeMessage): void;
  sendContent: DriverConnection["sendContent"];
  /** Stops logging and quoting what the driver prints: it may contain secrets. */
  conceal(): void;
  /** Current resident memory, in bytes; 0 if unknown. */
  memoryBytes(): number;
  /** Sets the end that `ended` resolves to, unless one is set already. */
  expectEnd(end: SandboxEnd): void;
  /** Sets the end, and kills the driver unless it ends by itself soon. */
  expire(end: SandboxEnd): void;
  /** Kills the driver at once. */
  kill(end: SandboxEnd): void;
}

export interface DriverDeps {
  readonly server: DriverServer;
  readonly log: ProcessLog;
  readonly groups: Pick<ProcessGroups, "open">;
  /** Folder of the node's run. Each driver gets a folder in it. */
  readonly parent: string;
}

export interface DriverStart {
  /** Returns the command line. `folder` and `token` belong to this driver alone. */
  command(request: Pick<LaunchRequest, "folder" | "token">): Promise<DriverCommand>;
  readonly heapBytes: number;
  /** Memory limit of all processes of the driver, in bytes; undefined if they include executors, whose memory is unknown. */
  readonly memoryLimitBytes: number | undefined;
  /** The driver runs in the cluster, and the process here only submits it. */
  readonly isSubmitted: boolean;
  readonly isConcealed: boolean;
  /** Whether a caller waits for the driver. If not, it gets a low priority. */
  readonly isUrgent: boolean;
  /** Time to stop by itself before SIGTERM, in milliseconds. */
  readonly stopMs: number;
  /** Maximum time between the end of the connection and the end of the process, in milliseconds. Default `LAST_WORDS_MS`. */
  readonly lastWordsMs?: number | undefined;
}

/** Resolves when the driver has connected. If the driver ends before, or the signal aborts, removes everything and rejects. */
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
  // The submission succeeded: the cluster starts the driver when it can.
  if (isSubmitted && exit.code === 0) return new Promise<never>(() => {});
  const end = endOf({ ...exit, heapBytes, isConcealed });
  throw new Error(end.type === "disposed" ? "the driver was ended" : end.message);
}

interface StartedDriver {
  readonly spawned: DriverProcess;
  readonly connection: DriverConnection;
  readonly hello: Hello;
  /** Kills the process and removes its folder. */
  readonly owned: AsyncDisposable;
}

function createDriver({ spawned, connection, hello, owned }: StartedDriver, start: DriverStart): Driver {
  const { heapBytes, isSubmitted, stopMs, lastWordsMs = LAST_WORDS_MS } = start;
  let end: SandboxEnd | undefined;
  let { isConcealed } = start;
  /** Set once the driver is asked to stop: a JVM that writes an archive at its end is silent meanwhile. */
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
      // The process now ends by itself, unless something blocks it.
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
