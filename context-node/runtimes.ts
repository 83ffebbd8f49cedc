import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Logger } from "pino";
import { CONTEXT_DEFAULTS } from "../cluster/mod.ts";
import packageJson from "../package.json" with { type: "json" };
import { NodeRuntime, type NodeWall, RuntimeName } from "../proto/node.ts";
import type { NodeConfig } from "./config.ts";
import { startDenoRuntime } from "./deno/mod.ts";
import { findDeno, findProgram, type ProcessGroups, startIsolation } from "./isolation/mod.ts";
import type { RunFolder } from "./run_folder.ts";
import type { Runtime } from "./runtime/mod.ts";

export interface RuntimeDeps {
  readonly groups: ProcessGroups;
  readonly folder: RunFolder;
  /** Resolves when a gateway has connected. */
  readonly whenNeeded: Promise<void>;
  readonly log: Logger;
}

/** A runtime of the node and its announcement. */
export interface HostedRuntime {
  /** Undefined when it is not available. */
  readonly runtime: Runtime | undefined;
  readonly description: NodeRuntime;
  /** Walls of the operating system around its processes. */
  readonly walls: readonly NodeWall[];
}

/** Starts the Deno runtime. Disposal ends its processes. */
export async function startDeno(
  { sandbox, spares }: NodeConfig,
  { groups, folder, whenNeeded, log }: RuntimeDeps,
): Promise<HostedRuntime & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const { isolation: mode, bubblewrap } = sandbox;
  const isolation = stack.use(await startIsolation({ groups, log }, { mode, bubblewrap, deno: findDeno() }));
  const cacheDir = join(folder.path, "deno");
  const options = { isolation, cacheDir, spares, spareMemoryBytes: CONTEXT_DEFAULTS.memoryBytes, whenNeeded, log };
  const runtime = stack.use(await startDenoRuntime(options));
  const owned = stack.move();
  return { ...describeDeno(runtime), walls: [...isolation.walls], [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A runtime for Deno's artifacts. */
export function describeDeno(runtime: Runtime): HostedRuntime {
  const version = packageJson.dependencies.deno;
  const description = NodeRuntime.create({ runtime: RuntimeName.DENO, available: true, version });
  return { runtime, description, walls: [] };
}

/**
 * Starts the Spark runtime, or returns the reason why it is not available. Undefined where it is disabled; loads nothing of Spark then.
 * Starts no JVM.
 */
export async function startSpark(
  config: NodeConfig,
  deps: RuntimeDeps,
): Promise<(HostedRuntime & AsyncDisposable) | undefined> {
  const { spark: settings } = config;
  if (settings.enabled === false) return undefined;
  const { findJava, findSpark, ToolchainError, startSparkRuntime } = await import("./spark/mod.ts");
  const { environment: env, home, java: javaHome } = settings;
  try {
    const spark = await findSpark({ home, env });
    const java = await findJava({ javaHome, env, spark });
    const bubblewrap = config.sandbox.bubblewrap ?? findProgram("bwrap");
    const runtime = await startSparkRuntime({
      ...{
        config: settings,
        spark,
        java,
        groups: deps.groups,
        log: deps.log,
        spareMemoryBytes: CONTEXT_DEFAULTS.sparkMemoryBytes,
      },
      bubblewrap,
      hidden: hiddenFromDrivers(config),
      folder: join(deps.folder.path, "spark"),
    });
    const confinement = settings.confine
      ? bubblewrap === undefined && "there is no bubblewrap"
      : "node.spark.confine is false";
    const detail = [
      ...[settings.master, `Scala ${spark.scalaVersion}`, `Java ${java.version}`],
      ...(confinement === false ? [] : [`not confined: ${confinement}`]),
    ].join(", ");
    const releases = { version: spark.version, scalaVersion: spark.scalaVersion, javaVersion: java.version };
    return describeSpark({ available: true, ...releases, detail }, runtime);
  } catch (error) {
    if (!(error instanceof ToolchainError)) throw error;
    if (settings.enabled === true) throw new Error(`${error.message}; node.spark.enabled is true`, { cause: error });
    return describeSpark({ available: false, detail: error.message });
  }
}

function describeSpark(
  found: Pick<NodeRuntime, "available" | "detail"> & Partial<NodeRuntime>,
  runtime?: Runtime,
): HostedRuntime & AsyncDisposable {
  return {
    runtime,
    description: NodeRuntime.create({ runtime: RuntimeName.SPARK, ...found }),
    walls: [],
    [Symbol.asyncDispose]: async () => runtime?.[Symbol.asyncDispose](),
  };
}

/** Private paths of the node: its data, and of the folder around it everything that only its owner may read; secrets and configuration. */
function hiddenFromDrivers({ dataDir, secrets, configFile, nats, cluster }: NodeConfig): string[] {
  const around = dirname(dataDir);
  const isPrivate = ((statSync(around, { throwIfNoEntry: false })?.mode ?? 0o777) & 0o077) === 0;
  const clusterSecret = cluster.secret !== undefined && "file" in cluster.secret ? cluster.secret.file : undefined;
  const files = [
    ...[secrets.dir, configFile, clusterSecret, cluster.tls?.key],
    ...[nats.credentialsFile, nats.passwordFile, nats.tokenFile, nats.tls?.key],
  ];
  return [isPrivate ? around : dataDir, ...files.filter((file) => file !== undefined)];
}
