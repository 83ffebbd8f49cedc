import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { reachableAt } from "../cluster/mod.ts";
import { findBubblewrap } from "./bubblewrap.ts";
import type { Child } from "./child.ts";
import { createGatewayLog } from "./gateway_log.ts";
import { lockFolder } from "./lock.ts";
import { startNatsServer } from "./nats.ts";
import { requireFreePort } from "./ports.ts";
import { startGateway, startNode } from "./processes.ts";

export interface StandaloneOptions {
  /** `host:port` of the gateway; port 0 for a free one. */
  readonly listen: string;
  /** Everything that is kept is kept below it, and nobody else may use it meanwhile; made when absent. */
  readonly dataDir: string;
  /** Context nodes to start. */
  readonly nodes: number;
  /** A NATS server that runs already. Absent: one of our own. */
  readonly natsUrl?: string | undefined;
  readonly configFile?: string | undefined;
  /** Of the processes; a quieter one than the default `info` would not tell when they are ready. */
  readonly logLevel?: "trace" | "debug" | "info" | undefined;
  /** Told each line of output of a process, with the name of that process. */
  readonly onLine?: ((source: string, line: string) => void) | undefined;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

/** A running system. Disposing it drains the gateway, then the nodes, and ends the NATS server. */
export interface Standalone extends AsyncDisposable {
  /** `http://host:port` of the gateway; with TLS `https://`. */
  readonly url: string;
  /** Names of the plugins that tell who a caller is; none: callers are not asked. */
  readonly auth: readonly string[];
  readonly natsUrl: string;
  /** Resolves after disposal; rejects as soon as one of the processes ended by itself. */
  closed(): Promise<void>;
}

/** Longest time until the gateway has met all nodes. */
const MEET_TIMEOUT_MS = 20_000;

/** Starts everything and resolves when the gateway can place contexts on every node. What was started is ended when one fails. */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { configFile, logLevel = "info", log, signal } = options;
  // Processes are told an absolute path: what they find must not depend on where they were started.
  const dataDir = resolve(options.dataDir);

  await using stack = new AsyncDisposableStack();
  stack.use(await lockFolder(dataDir));
  await requireFreePort(options.listen);
  const nats = options.natsUrl
    ? undefined
    : stack.use(await startNatsServer({ storeDir: join(dataDir, "nats"), port: 0, log, signal }));
  const natsUrl = options.natsUrl ?? nats?.url ?? "";
  await findBubblewrap({ log, signal });
  const part = (name: string, listen: string) => ({
    ...{ name, natsUrl, listen, configFile, logLevel, signal },
    dataDir: join(dataDir, name),
    onLine: (line: string) => options.onLine?.(name, line),
  });

  const nodes: Child<string>[] = [];
  for (let number = 1; number <= options.nodes; number++) {
    const node = stack.use(await startNode(part(`node-${number}`, "127.0.0.1:0")));
    log.info({ process: `node-${number}`, processId: node.pid }, "started");
    nodes.push(node);
  }
  const gatewayLog = createGatewayLog(options);
  const { onLine, ...gatewayPart } = part("gateway", options.listen);
  const tellLine = (line: string): void => {
    gatewayLog.read(line);
    onLine(line);
  };
  const gateway = stack.use(await startGateway({ ...gatewayPart, onLine: tellLine }));
  log.info({ process: "gateway", processId: gateway.pid }, "started");
  const { scheme, auth } = await gatewayLog.listening;
  await untilMet(gatewayLog.met, options.nodes, { signal });

  const owned = stack.move();
  const children = [gateway, ...nodes, ...(nats ? [nats] : [])];
  return {
    url: `${scheme}://${reachableAt(gateway.ready, "localhost")}`,
    auth,
    natsUrl,
    closed: () => Promise.race(children.map((child) => child.closed)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function untilMet(
  met: Promise<void>,
  count: number,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const waiting = new AbortController();
  const until = AbortSignal.any([waiting.signal, ...(signal === undefined ? [] : [signal])]);
  const tooLate = delay(MEET_TIMEOUT_MS, undefined, { signal: until }).then(() => {
    throw new Error(`The gateway did not meet ${count} context node(s) in ${MEET_TIMEOUT_MS} ms`);
  });
  try {
    await Promise.race([met, tooLate]);
  } finally {
    waiting.abort();
  }
}
