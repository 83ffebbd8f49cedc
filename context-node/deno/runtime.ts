import { join } from "node:path";
import type { Isolation } from "../isolation/mod.ts";
import { createLineScheduler } from "../line_scheduler.ts";
import type { ProcessLog } from "../process_output.ts";
import type { Runtime, Sandbox, SandboxSpec } from "../runtime/mod.ts";
import { createSandbox } from "./deno_sandbox.ts";
import { createCodeCaches } from "./process/code_caches.ts";
import { type DenoProcess, type ProcessDeps, startDenoProcess } from "./process/deno_process.ts";
import { buildSandboxProgram } from "./process/deno_program.ts";
import { type ProcessProfile, profileOf } from "./process/process_profile.ts";
import { createSpares } from "./process/spare_processes.ts";
import { createSourceMaps } from "./stacks/source_maps.ts";

export interface DenoRuntimeOptions {
  /** How processes are started. It stays the caller's, to be disposed after the runtime. */
  readonly isolation: Pick<Isolation, "launch">;
  /** Processes that are kept ready for contexts without permissions. Default 1. */
  readonly spares?: number | undefined;
  /** Memory limit of a context that a spare process fits: the default of the node. */
  readonly spareMemoryBytes?: number | undefined;
  /** Folder of this runtime alone for its program and the caches of its processes, which run as code. It stays the caller's to remove. */
  readonly cacheDir: string;
  /** When spares, and the cache with which processes begin, are first made. Default: at once. */
  readonly whenNeeded?: Promise<void> | undefined;
  /** The longest that a process may take until it is ready, in milliseconds. Default 60 s. */
  readonly startTimeoutMs?: number | undefined;
  /** Gets what sandboxes write to their standard output and error, at debug, and what an operator should know. */
  readonly log: ProcessLog;
}

/** Time of a process until it is ready, in milliseconds: one takes a tenth of a second, a hundred times that on a machine under load. */
const START_TIMEOUT_MS = 60_000;

const MEBIBYTE = 1024 * 1024;

/** Resolves when sandboxes can be started; spares get ready meanwhile. */
export async function startDenoRuntime(options: DenoRuntimeOptions): Promise<Runtime> {
  const { isolation, cacheDir, spares: spareCount = 1, spareMemoryBytes = 512 * MEBIBYTE, log } = options;
  const { startTimeoutMs = START_TIMEOUT_MS, whenNeeded } = options;
  await using starting = new AsyncDisposableStack();
  const deps: ProcessDeps = {
    isolation,
    program: await buildSandboxProgram(cacheDir),
    caches: createCodeCaches({ log }, { parent: join(cacheDir, "caches") }),
    scheduler: createLineScheduler(),
    log,
    startTimeoutMs,
  };

  const sourceMaps = starting.use(createSourceMaps());
  const processes = new Set<DenoProcess>();
  starting.defer(async () => {
    await Promise.all(Array.from(processes, (process) => process[Symbol.asyncDispose]()));
  });

  const spareProfile: ProcessProfile = { reach: undefined, timeZone: undefined, memoryBytes: spareMemoryBytes };
  const closing = new AbortController();
  const closed = Promise.withResolvers<void>();
  closing.signal.addEventListener("abort", () => closed.resolve(), { once: true });
  const warm = Promise.race([whenNeeded, closed.promise]).then(() =>
    warmUp(deps, spareProfile, { signal: closing.signal }),
  );
  const close = (): void => closing.abort(new Error("The runtime is closing"));
  starting.defer(async () => {
    close();
    await warm;
  });

  async function startProcess(profile: ProcessProfile, signal?: AbortSignal): Promise<DenoProcess> {
    await warm;
    closing.signal.throwIfAborted();
    const process = await startDenoProcess(deps, profile, { signal });
    processes.add(process);
    void process.ended.then(() => processes.delete(process));
    return process;
  }

  const spares = starting.use(
    createSpares(
      { start: (signal) => startProcess(spareProfile, signal), log },
      { profile: spareProfile, count: spareCount },
    ),
  );
  // First of all: starts wait for the cache, and the cache may not be needed yet.
  starting.defer(close);
  const running = starting.move();

  return {
    async startSandbox(spec: SandboxSpec, { signal } = {}): Promise<Sandbox> {
      signal?.throwIfAborted();
      const profile = profileOf(spec);
      const process = (await spares.take(profile, signal)) ?? (await startProcess(profile, signal));
      return createSandbox({ process, sourceMaps }, spec);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Has a process write the cache with which all others begin, and ends it. Never rejects: without a cache, processes start more slowly. */
async function warmUp(deps: ProcessDeps, profile: ProcessProfile, options: { signal: AbortSignal }): Promise<void> {
  try {
    const process = await startDenoProcess(deps, profile, { ...options, warmsUp: true });
    await process[Symbol.asyncDispose]();
  } catch (error) {
    if (!options.signal.aborted)
      deps.log.warn({ err: error }, "cannot make the code cache; sandboxes start more slowly");
  }
}
