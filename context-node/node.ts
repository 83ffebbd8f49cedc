import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Logger } from "pino";
import { openMembership, reachableAt } from "../cluster/mod.ts";
import packageJson from "../package.json" with { type: "json" };
import { type Load, type Node, Node_State } from "../proto/node.ts";
import { announceNode } from "./announce.ts";
import { createDataFiles, openBlobCache, openResultStore } from "./blobs/mod.ts";
import type { NodeConfig } from "./config.ts";
import { ContextTable } from "./contexts/mod.ts";
import { Events } from "./events/mod.ts";
import { createProcessGroups } from "./isolation/mod.ts";
import { connectNats } from "./nats.ts";
import { isResolverBounded, readResolver, withNetwork } from "./network/mod.ts";
import { openRunFolder } from "./run_folder.ts";
import type { Runtimes } from "./runtime/mod.ts";
import { type HostedRuntime, startDeno, startSpark } from "./runtimes.ts";
import { createSecretFolder, withSecrets } from "./secrets/mod.ts";
import { type Commands, findMissing, OpenSessions, startSessionServer } from "./session/mod.ts";

/** Time limit at shutdown for the last events to be acknowledged, in milliseconds. */
const FLUSH_TIMEOUT_MS = 10_000;

/** Time limit at shutdown for large results to be fetched, in milliseconds. */
const FETCH_TIMEOUT_MS = 5_000;

/** Linux's folder about this process. */
const PROCESS_FOLDER = "/proc/self";

/** A running context node. Disposal ends everything now. */
export interface ContextNode extends AsyncDisposable {
  /** Id of the node, new with each start. */
  readonly id: string;
  /** `host:port` of its session endpoint. */
  readonly address: string;
  /** Resolves after disposal; rejects when the node died by itself. */
  readonly closed: Promise<void>;
  /** Refuses new work, lets jobs finish or cancels them at the deadline, and flushes their last events. */
  drain(): Promise<void>;
}

export interface NodeDeps {
  readonly log: Logger;
  /** Runtimes, which the caller owns. Default: the configured ones. */
  readonly runtimes?: readonly HostedRuntime[] | undefined;
}

/**
 * Starts a context node. Resolves when gateways can discover it. Waits for NATS. Rejects when NATS refuses the node, and when the address
 * is in use.
 */
export async function startNode(config: NodeConfig, deps: NodeDeps): Promise<ContextNode> {
  const id = randomUUID();
  const { version } = packageJson;
  const { log } = deps;
  await using stack = new AsyncDisposableStack();

  const membership = stack.use(openMembership(config.cluster, { log }));
  const { nats } = stack.use(await connectNats({ access: config.nats, name: `hearth-node-${id}`, log }));
  const connection = watchConnection(nats, { log });

  const { dataDir, cacheBytes, memoryBytes, maxResultBytes, loadTimeoutMs } = config;
  const folder = stack.use(await openRunFolder({ log }, { parent: join(dataDir, "runs"), nodeId: id }));
  const groups = createProcessGroups({ processFolder: PROCESS_FOLDER, log });
  const sessions = new OpenSessions();
  const own = { groups, folder, whenNeeded: sessions.opened, log };
  const hosted = deps.runtimes ?? [
    stack.use(await startDeno(config, own)),
    ...[stack.use((await startSpark(config, own)) ?? null)].filter((spark) => spark !== null),
  ];
  const { dir, contexts: secretPolicy } = config.secrets;
  const network = { policy: config.permissions.net, isResolverBounded: isResolverBounded(readResolver()) };
  const read = createSecretFolder(dir);
  const runtimes: Runtimes = new Map(
    hosted.flatMap(({ runtime, description }) => {
      if (runtime === undefined) return [];
      const secretive = withSecrets(runtime, { read, policy: secretPolicy });
      return [[description.runtime, withNetwork(secretive, network)] as const];
    }),
  );
  const events = new Events({ nodeId: id, sessions });
  const blobs = await openBlobCache(sessions, { directory: join(dataDir, "blobs"), cacheBytes });
  const files = createDataFiles(sessions, blobs);
  const results = stack.use(await openResultStore(join(folder.path, "results")));
  const parts = { runtimes, secretPolicy, network, events, blobs, files, results, cpu: groups };
  const contexts = stack.use(new ContextTable({ ...parts, memoryBytes, maxResultBytes, loadTimeoutMs, log }));

  const load = (): Load => ({ ...contexts.load(), draining: contexts.isDraining });
  const commands: Commands = {
    welcome: () => ({ nodeId: id, version, contextIds: contexts.contextIds, jobs: contexts.heldJobs, load: load() }),
    runJob: (command, session) => contexts.runJob(command, session),
    cancelJob: (command) => contexts.cancelJob(command),
    startContext: (command, session) => contexts.startContext(command, session),
    stopContext: (command) => contexts.stopContext(command),
    restartContext: (command) => contexts.restartContext(command),
    findMissing: (request) => findMissing({ contextIds: contexts.contextIds, jobs: contexts.heldJobs }, request),
    objects: (command) => contexts.objects(command),
    openResult: (digest) => results.open(digest),
    readLive: (part) => results.readLive(part),
    acknowledge: ({ numbers }) => events.acknowledge(numbers),
  };
  const server = stack.use(
    await startSessionServer({ nodeId: id, sessions, commands, load, log }, { listen: config.listen, membership }),
  );
  const address = config.advertise ?? reachableAt(server.address, hostname());

  const describe = (): Node => ({
    id,
    state: contexts.isDraining ? Node_State.DRAINING : Node_State.READY,
    address,
    version,
    load: contexts.load().node,
    heardTime: undefined,
    labels: config.labels,
    walls: hosted.flatMap(({ walls }) => walls),
    runtimes: hosted.map(({ description }) => description),
  });
  const announcement = stack.use(await announceNode({ nats, secrets: membership.secrets }, describe));
  log.info({ node: id, address, memoryBytes }, "node started");

  const owned = stack.move();
  return {
    id,
    address,
    closed: connection.closed,
    async drain() {
      const drained = contexts.drain({ timeoutMs: config.drainTimeoutMs });
      announcement.beat();
      await drained;
      const unacknowledged = await events.flush({ timeoutMs: FLUSH_TIMEOUT_MS });
      if (unacknowledged > 0) log.error({ unacknowledged }, "node shut down with unacknowledged events");
      await results.drain({ timeoutMs: FETCH_TIMEOUT_MS });
      await server[Symbol.asyncDispose]();
      announcement[Symbol.dispose]();
      // Without a server, draining would wait for one.
      if (connection.isConnected()) await nats.drain();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface WatchedConnection {
  /** Resolves when the connection is closed on purpose. Rejects when it is closed otherwise. */
  readonly closed: Promise<void>;
  isConnected(): boolean;
}

function watchConnection(nats: NatsConnection, { log }: Pick<NodeDeps, "log">): WatchedConnection {
  let isConnected = true;
  async function watch(): Promise<void> {
    for await (const status of nats.status()) {
      if (status.type === "disconnect") {
        log.warn({ server: status.server }, "NATS connection lost; gateways cannot discover this node");
        isConnected = false;
      }
      if (status.type === "reconnect") {
        log.info({ server: status.server }, "NATS is back; gateways can discover this node");
        isConnected = true;
      }
    }
    const error = await nats.closed();
    if (error) throw error;
  }
  return { closed: watch(), isConnected: () => isConnected };
}
