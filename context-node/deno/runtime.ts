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
  /** Starts processes. The caller owns it and disposes it after the runtime. */
  readonly isolation: Pick<Isolation, "launch">;
  /** Number of processes to keep ready for contexts without permissions. Default 1. */
  readonly spares?: number | undefined;
  /** Memory limit of the contexts that a spare process fits, in bytes. Default 512 MiB. */
  readonly spareMemoryBytes?: number | undefined;
  /** Folder for the program and the code caches of this runtime, which run as code. No other runtime may use it. The caller removes it. */
  readonly cacheDir: string;
  /** Resolves when spare processes and the code cache are to be created. Default: at once. */
  readonly whenNeeded?: Promise<void> | undefined;
  /** Maximum time until a process is ready, in milliseconds. Default 60 000. */
  readonly startTimeoutMs?: number | undefined;
  /** Receives the output of sandboxes at debug level, and warnings. */
  readonly log: ProcessLog;
}

/** Maximum time until a process is ready, in milliseconds. A start takes a tenth of a second, and a hundred times as long on a loaded machine. */
const START_TIMEOUT_MS = 60_000;

const MEBIBYTE = 1024 * 1024;

/** Resolves when sandboxes can be started; spare processes start in the background. */
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
  // Runs first on disposal: pending starts wait for the code cache, which may not be needed yet.
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

/** Runs a process that fills the template of code caches, and ends it. Never rejects: without a cache, processes start more slowly. */
async function warmUp(deps: ProcessDeps, profile: ProcessProfile, options: { signal: AbortSignal }): Promise<void> {
  try {
    const process = await startDenoProcess(deps, profile, { ...options, warmsUp: true });
    await process[Symbol.asyncDispose]();
  } catch (error) {
    if (!options.signal.aborted)
      deps.log.warn({ err: error }, "cannot create the code cache; sandboxes start more slowly");
  }
}
