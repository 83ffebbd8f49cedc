import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startGateway, startNatsServer, startNode } from "../../standalone/mod.ts";
import { createTemporaryDirectory } from "../contract/temporary_directory.ts";
import { until } from "../until.ts";

export interface HearthOptions {
  /** Context nodes; default 1. */
  readonly nodes?: number | undefined;
  /** Gateways on one record; default 1. */
  readonly gateways?: number | undefined;
  /** Where everything is kept, to start again on what an earlier system left; default a new directory, deleted at the end. */
  readonly dataDir?: string | undefined;
  /** What the configuration file says. */
  readonly config?:
    | { readonly gateway?: Readonly<Record<string, unknown>>; readonly node?: object; readonly cluster?: object }
    | undefined;
  /** Credentials of the harness, if the gateways authenticate callers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Called with each line that a process logs. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** A running system of processes of its own. Disposing it ends them and deletes what they kept. */
export interface Hearth extends AsyncDisposable {
  /** `http://host:port` of the first gateway; with `gateway.tls`, `https://host:port`. */
  readonly url: string;
  readonly urls: readonly string[];
  readonly natsUrl: string;
  readonly dataDir: string;
  readonly gateways: readonly Child<string>[];
  readonly nodes: readonly Child<string>[];
  /** Ends every process as a power cut would. */
  killAll(): void;
  /** Starts one more of each; the caller need not dispose it. */
  addGateway(): Promise<{ readonly url: string; readonly process: Child<string> }>;
  addNode(): Promise<Child<string>>;
}

/** Starts NATS, nodes and gateways as processes on free ports; resolves when every gateway has a session with every node. */
export async function startHearth(options: HearthOptions = {}): Promise<Hearth> {
  const { nodes = 1, gateways = 1, config, onLine } = options;
  await using starting = new AsyncDisposableStack();
  let stack = starting;
  const scheme = config?.gateway?.tls ? "https" : "http";
  const dataDir = options.dataDir ?? starting.use(await createTemporaryDirectory()).path;
  const configFile = join(dataDir, "config.json");
  // Tests without Spark behave the same on machines with and without it.
  const node = { spark: { enabled: false }, ...config?.node };
  await writeFile(configFile, JSON.stringify({ ...config, node }));
  const log = { debug() {}, info() {}, warn() {} };
  const nats = starting.use(await startNatsServer({ storeDir: join(dataDir, "nats"), port: 0, log }));
  const leaks: string[] = [];
  const readLine = (line: string): void => {
    if (line.includes("MaxListenersExceededWarning")) leaks.push(line);
    onLine?.(line);
  };
  const part = (name: string) => ({
    natsUrl: nats.url,
    listen: "127.0.0.1:0",
    dataDir: join(dataDir, name),
    configFile,
    onLine: readLine,
  });
  const startedNodes: Child<string>[] = [];
  const startedGateways: Child<string>[] = [];
  const addNode = async (): Promise<Child<string>> => {
    const node = stack.use(await startNode(part(`node-${startedNodes.length + 1}`)));
    startedNodes.push(node);
    return node;
  };
  const addGateway = async () => {
    const gateway = stack.use(await startGateway(part("gateway")));
    startedGateways.push(gateway);
    return { url: `${scheme}://${gateway.ready}`, process: gateway };
  };
  for (let number = 0; number < nodes; number++) await addNode();
  for (let number = 0; number < gateways; number++) await addGateway();
  const urls = startedGateways.map(({ ready }) => `${scheme}://${ready}`);
  await Promise.all(urls.map((url) => untilNodesAreReady(url, nodes, options.headers)));
  stack = starting.move();
  return {
    url: urls[0] ?? "",
    urls,
    natsUrl: nats.url,
    dataDir,
    gateways: startedGateways,
    nodes: startedNodes,
    killAll() {
      for (const { pid } of [nats, ...startedNodes, ...startedGateways]) process.kill(pid, "SIGKILL");
    },
    addGateway,
    addNode,
    async [Symbol.asyncDispose]() {
      // Before the gateways, which take their last events.
      await Promise.all(startedNodes.map((node) => node[Symbol.asyncDispose]()));
      await stack.disposeAsync();
      if (leaks.length > 0) throw new Error(`Listeners pile up in a process: ${leaks.join("\n")}`);
    },
  };
}

/** Resolves when a gateway has open sessions with exactly this number of nodes. */
export async function untilNodesAreReady(
  url: string,
  count: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await until(`${count} node(s) are ready`, async () => {
    const response = await fetch(`${url}/v1/nodes`, { headers });
    const { nodes = [] } = (await response.json()) as { nodes?: { state?: string }[] };
    return nodes.filter(({ state }) => state === "READY").length === count;
  });
}
