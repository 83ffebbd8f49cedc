import { join } from "node:path";
import type { Logger } from "pino";
import packageJson from "../package.json" with { type: "json" };
import { NodeRuntime, type NodeWall, RuntimeName } from "../proto/node.ts";
import type { NodeConfig } from "./config.ts";
import { DEFAULT_MEMORY_BYTES } from "./contexts/mod.ts";
import { findDeno, startDenoRuntime } from "./deno/mod.ts";
import { type ProcessGroups, startIsolation } from "./isolation/mod.ts";
import type { RunFolder } from "./run_folder.ts";
import type { Runtime } from "./runtime/mod.ts";

export interface RuntimeDeps {
  readonly groups: ProcessGroups;
  readonly folder: RunFolder;
  readonly log: Logger;
}

/** A runtime of the node, and what the node announces of it. */
export interface HostedRuntime {
  readonly runtime: Runtime;
  readonly description: NodeRuntime;
  /** What the operating system keeps its processes from. */
  readonly walls: readonly NodeWall[];
}

/** Starts the Deno runtime. Disposing it ends its processes. */
export async function startDeno(
  { sandbox, spares }: NodeConfig,
  { groups, folder, log }: RuntimeDeps,
): Promise<HostedRuntime & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { isolation: mode, bubblewrap } = sandbox;
  const isolation = stack.use(await startIsolation({ groups, log }, { mode, bubblewrap, deno: findDeno() }));
  const cacheDir = join(folder.path, "deno");
  const options = { isolation, cacheDir, spares, spareMemoryBytes: DEFAULT_MEMORY_BYTES, log };
  const runtime = stack.use(await startDenoRuntime(options));
  const owned = stack.move();
  return { ...describeDeno(runtime), walls: [...isolation.walls], [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A runtime that runs what Deno runs. */
export function describeDeno(runtime: Runtime): HostedRuntime {
  const version = packageJson.dependencies.deno;
  const description = NodeRuntime.create({ runtime: RuntimeName.DENO, available: true, version });
  return { runtime, description, walls: [] };
}
