import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { type Cluster, LOOPBACK_CLUSTER } from "../../cluster/mod.ts";
import type { NodeConfig } from "../../context-node/config.ts";
import { type ContextNode, startNode } from "../../context-node/node.ts";
import type { HostedRuntime } from "../../context-node/runtimes.ts";
import { completeSpark, sparkSection } from "../../context-node/spark/spark_config.ts";
import { NodeRuntime, RuntimeName } from "../../proto/node.ts";
import { APPLICATION, SPARK_SCRIPTS } from "../spark/scripted.ts";
import { GatewaySession, type GatewaySessionOptions } from "./gateway_session.ts";
import type { Script } from "./script.ts";
import { ScriptedRuntime } from "./scripted_runtime.ts";

/** A real context node with scripted jobs. Disposing it ends it, its sessions and its runtime, and removes its data. */
export interface TestNode extends AsyncDisposable {
  readonly node: ContextNode;
  /** Of its contexts of Deno. */
  readonly runtime: ScriptedRuntime;
  /** Of its contexts of Spark. */
  readonly spark: ScriptedRuntime;
  readonly dataDir: string;
  /** Opens a session with it and resolves when it is welcomed. */
  openSession(options?: GatewaySessionOptions): Promise<GatewaySession>;
}

export interface TestNodeOptions {
  readonly natsUrl: string;
  /** `host:port` of its sessions. Default: a free port of loopback. */
  readonly listen?: string;
  /** Default: none but loopback. */
  readonly cluster?: Cluster;
  readonly scripts?: Readonly<Record<string, Script>>;
  /** Default 8 GiB. */
  readonly memoryBytes?: number;
  /** Default 256 MiB. */
  readonly maxResultBytes?: number;
  /** Default 60 s. */
  readonly loadTimeoutMs?: number;
  /** Default 1 GiB. */
  readonly cacheBytes?: number;
  /** Default: none. */
  readonly secrets?: NodeConfig["secrets"];
  /** What contexts may connect to. Default: nothing. */
  readonly net?: NodeConfig["permissions"]["net"];
  /** Default 10 s. */
  readonly drainTimeoutMs?: number;
  /** Default: none. */
  readonly spark?: NodeConfig["spark"];
}

/** The configuration of a node without Spark. */
export const NO_SPARK: NodeConfig["spark"] = completeSpark(sparkSection.parse({ enabled: false }), {});

export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "hearth-node-"));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const runtime = stack.use(new ScriptedRuntime(options.scripts));
  const spark = stack.use(new ScriptedRuntime({ ...SPARK_SCRIPTS, ...options.scripts }, { application: APPLICATION }));
  const runtimes = [host(RuntimeName.DENO, runtime), host(RuntimeName.SPARK, spark)];
  const { natsUrl, memoryBytes = 8 * 1024 ** 3, maxResultBytes = 256 * 1024 ** 2, drainTimeoutMs = 10_000 } = options;
  const { cluster = LOOPBACK_CLUSTER, cacheBytes = 1024 ** 3, loadTimeoutMs = 60_000 } = options;
  const limits = { cacheBytes, memoryBytes, maxResultBytes, loadTimeoutMs, drainTimeoutMs };
  const node = stack.use(
    await startNode(
      {
        nats: { url: natsUrl },
        cluster,
        listen: options.listen ?? "127.0.0.1:0",
        advertise: undefined,
        dataDir,
        labels: {},
        sandbox: { isolation: "auto", bubblewrap: undefined },
        secrets: options.secrets ?? { dir: undefined, contexts: {} },
        permissions: { net: options.net ?? {} },
        spares: 0,
        spark: options.spark ?? NO_SPARK,
        ...limits,
      },
      { log: pino({ level: process.env.LOG_LEVEL ?? "silent" }), runtimes },
    ),
  );
  const owned = stack.move();
  return {
    node,
    runtime,
    spark,
    dataDir,
    async openSession(sessionOptions) {
      const session = owned.use(new GatewaySession(node.address, sessionOptions));
      await session.welcome();
      return session;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function host(name: RuntimeName, runtime: ScriptedRuntime): HostedRuntime {
  return { runtime, description: NodeRuntime.create({ runtime: name, available: true, version: "1.0.0" }), walls: [] };
}
