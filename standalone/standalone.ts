import { join, resolve } from "node:path";
import type { Logger } from "pino";
import { closeFolder, reachableAt } from "../cluster/mod.ts";
import { abortable, deadline, type Start, startTogether } from "../lib/async/mod.ts";
import { type NatsUser, openCredentials } from "./credentials.ts";
import { lockFolder } from "./lock.ts";
import { keepSubscriberConsumer, prepareAuthenticatedNats } from "./nats/authenticated_server.ts";
import { requireFreePort } from "./ports.ts";
import { createGatewayLog } from "./processes/gateway_log.ts";
import { type ProcessOptions, startGateway, startNode } from "./processes/parts.ts";
import { type Part, startPart } from "./processes/supervise.ts";
import { findBubblewrap } from "./programs/bubblewrap.ts";

export interface StandaloneOptions {
  /** `host:port` of the gateway; port 0 for a free one. */
  readonly listen: string;
  /** Folder of all data, locked for this process. Created if absent. */
  readonly dataDir: string;
  /** Context nodes to start. */
  readonly nodes: number;
  /** URL of a running NATS server, used as the configuration file says. If absent, starts one with its own users. */
  readonly natsUrl?: string | undefined;
  readonly configFile?: string | undefined;
  /** Whether the configuration file has a secret or certificates of the cluster. Otherwise creates a secret. */
  readonly hasClusterIdentity?: boolean | undefined;
  /** As `ProcessOptions.drainTimeoutMs`. */
  readonly drainTimeoutMs?: number | undefined;
  /** Log level of the processes. A level above the default `info` would hide the lines that say they are ready. */
  readonly logLevel?: "trace" | "debug" | "info" | undefined;
  /** Receives each line of output of a process, with the name of that process. */
  readonly onLine?: ((source: string, line: string) => void) | undefined;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A running system. A process that dies is started again until the signal is aborted. Disposing it drains the nodes, then the gateway, and
 * ends the NATS server.
 */
export interface Standalone extends AsyncDisposable {
  /** `http://host:port` of the gateway; with TLS `https://`. */
  readonly url: string;
  /** Names of the plugins that authenticate callers; none: callers are not authenticated. */
  readonly auth: readonly string[];
  readonly natsUrl: string;
  /** File with the URL, name and password for subscribers of events. Absent if the NATS server is not ours. */
  readonly subscriberUrlFile: string | undefined;
}

/** Longest time until the gateway has sessions with all nodes, in milliseconds. */
const MEET_TIMEOUT_MS = 20_000;

/** Starts all parts and resolves when the gateway can place contexts on every node. If one fails to start, stops the others. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { configFile, drainTimeoutMs, logLevel = "info", log, signal } = options;
  // An absolute path, so that processes do not depend on the working directory.
  const dataDir = resolve(options.dataDir);

  await using stack = new AsyncDisposableStack();
  await closeFolder({ log }, dataDir);
  stack.use(await lockFolder(dataDir));
  await requireFreePort(options.listen);
  const credentials = await openCredentials(join(dataDir, "credentials"));
  const ownNats = options.natsUrl
    ? undefined
    : await prepareAuthenticatedNats({ log, signal }, { storeDir: join(dataDir, "nats"), credentials });
  const natsUrl = options.natsUrl ?? ownNats?.url ?? "";
  await findBubblewrap({ log, signal });
  if (ownNats) await credentials.writeUrl(natsUrl);
  const clusterSecretFile = options.hasClusterIdentity ? undefined : credentials.clusterSecretFile;
  const part = (name: string, user: NatsUser): Omit<ProcessOptions, "listen"> => ({
    ...{ natsUrl, clusterSecretFile, configFile, drainTimeoutMs, logLevel },
    natsUser: ownNats && { name: user, passwordFile: credentials.passwordFile(user) },
    dataDir: join(dataDir, name),
    // A part that waits for a dependency logs it.
    startTimeoutMs: Number.POSITIVE_INFINITY,
    onLine: (line: string) => options.onLine?.(name, line),
  });

  const gatewayLog = createGatewayLog(options);
  const { onLine, ...gatewayPart } = part("gateway", "gateway");
  const readLine = (line: string): void => {
    gatewayLog.read(line);
    onLine?.(line);
  };
  const nodeNames = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
  // They load while the NATS server starts.
  const [, gateway, ...nodes] = await startTogether(
    stack,
    [
      async (signal) => ownNats?.start({ log, signal }),
      (signal) =>
        startPart<string>(
          { log, signal },
          {
            name: "gateway",
            start: ({ signal, before: listen = options.listen }) =>
              startGateway({ ...gatewayPart, listen, onLine: readLine, signal }),
          },
        ),
      ...nodeNames.map((name): Start<Part<string>> => {
        const node = { ...part(name, "node"), name, listen: "127.0.0.1:0" };
        return (signal) =>
          startPart<string>({ log, signal }, { name, start: ({ signal }) => startNode({ ...node, signal }) });
      }),
    ],
    { signal },
  );
  for (const [index, { pid }] of nodes.entries()) log.info({ process: `node-${index + 1}`, processId: pid }, "started");
  log.info({ process: "gateway", processId: gateway.pid }, "started");
  // The nodes end first, all at once: the gateway stores the ends of their last jobs.
  stack.defer(async () => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  });
  const { scheme, auth } = await gatewayLog.listening;
  await untilMet(gatewayLog.met, options.nodes, { signal });
  // The gateway logs what it waits for, such as the issuer of tokens.
  if (options.nodes > 0) await abortable(gatewayLog.ready, signal);
  if (ownNats) stack.use(await keepSubscriberConsumer({ log }, natsUrl, credentials));
  const subscriberUrlFile = ownNats && (await credentials.writeUrl(natsUrl, "subscriber"));

  const owned = stack.move();
  return {
    url: `${scheme}://${reachableAt(gateway.ready, "localhost")}`,
    ...{ auth, natsUrl, subscriberUrlFile },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function untilMet(
  met: Promise<void>,
  count: number,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await deadline(abortable(met, signal), MEET_TIMEOUT_MS, () => {
    throw new Error(`The gateway did not meet ${count} context node(s) in ${MEET_TIMEOUT_MS} ms`);
  });
}
