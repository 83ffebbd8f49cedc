import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Isolation } from "../isolation/mod.ts";
import type { Runtime, Sandbox, SandboxSpec } from "../runtime/mod.ts";
import { buildExecutor, buildMain } from "./deno_program.ts";
import { type DenoProcess, type ProcessLog, startDenoProcess } from "./process.ts";
import { type ProcessProfile, profileOf } from "./profile.ts";
import { createSandbox } from "./sandbox.ts";
import { createSpares } from "./spares.ts";

export interface DenoRuntimeOptions {
  /** How processes are started. It stays the caller's, to be disposed after the runtime. */
  readonly isolation: Pick<Isolation, "launch">;
  /** Processes that are kept ready for contexts without permissions. Default 1. */
  readonly spares?: number | undefined;
  /** Memory limit of a context that a spare process fits: the default of the node. */
  readonly spareMemoryBytes?: number | undefined;
  /**
   * Folder of this runtime alone for what Deno makes of our program: it is run as it is. It stays the caller's to remove.
   */
  readonly cacheDir: string;
  /** What sandboxes write to their standard output and error, at debug, and what an operator should know. */
  readonly log: ProcessLog;
}

const MEBIBYTE = 1024 * 1024;

/** Resolves when sandboxes can be started; spares get ready meanwhile. */
export async function startDenoRuntime(options: DenoRuntimeOptions): Promise<Runtime> {
  const { isolation, cacheDir, spares: spareCount = 1, spareMemoryBytes = 512 * MEBIBYTE, log } = options;
  await using starting = new AsyncDisposableStack();
  const executorCode = buildExecutor();
  const mainModule = join(cacheDir, "main.js");
  await mkdir(cacheDir, { recursive: true });
  await writeFile(mainModule, buildMain());

  const processes = new Set<DenoProcess>();
  starting.defer(async () => {
    await Promise.all(Array.from(processes, (process) => process[Symbol.asyncDispose]()));
  });

  async function startProcess(profile: ProcessProfile, signal?: AbortSignal): Promise<DenoProcess> {
    const process = await startDenoProcess({ isolation, mainModule, executorCode, cacheDir, log }, profile, { signal });
    processes.add(process);
    void process.ended.then(() => processes.delete(process));
    return process;
  }

  const spareProfile: ProcessProfile = { net: [], timeZone: undefined, memoryBytes: spareMemoryBytes };
  const spares = starting.use(
    createSpares(
      { start: (signal) => startProcess(spareProfile, signal), log },
      { profile: spareProfile, count: spareCount },
    ),
  );
  const running = starting.move();

  return {
    async startSandbox(spec: SandboxSpec, { signal } = {}): Promise<Sandbox> {
      signal?.throwIfAborted();
      const profile = profileOf(spec.settings);
      return createSandbox(spares.take(profile) ?? (await startProcess(profile, signal)), spec);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
