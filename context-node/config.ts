import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Cluster, clusterSection, isLoopbackAddress, type NatsAccess, natsSection } from "../cluster/mod.ts";

const address = z.string().regex(/^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+):\d{1,5}$/, "must be host:port");

const schema = z.object({
  nats: natsSection,
  cluster: clusterSection,
  node: z
    .strictObject({
      /** `host:port` of the session endpoint; port 0 takes a free one. */
      listen: address.default("127.0.0.1:0"),
      /** `host:port` that gateways are told to connect to, where that is not the one listened on. */
      advertise: address.optional(),
      /** Folder of caches and of results on their way. Nodes of one machine may share it. */
      dataDir: z.string().min(1).default(".hearth/node"),
      cacheBytes: z
        .int()
        .positive()
        .default(4 * 1024 ** 3)
        .describe(
          "What fetched programs and data files may take on disk, in bytes; those used longest ago go first, and what is in use stays.",
        ),
      /** Memory that contexts may be promised together, in bytes. Default: three quarters of what there is. */
      memoryBytes: z.int().positive().optional(),
      /** The largest result that a job may return, in bytes of JSON. */
      maxResultBytes: z
        .int()
        .positive()
        .default(256 * 1024 * 1024),
      /** What contexts may ask of the node that hosts them, such as `{"zone": "a"}`. */
      labels: z.record(z.string().min(1), z.string()).default({}),
      /** Sandboxes kept warm for contexts to come. */
      spares: z.int().nonnegative().max(64).default(1),
      /** Time for jobs to finish when it is told to end, in milliseconds. */
      drainTimeoutMs: z.int().nonnegative().default(30_000),
    })
    .prefault({}),
});

/** What a context node is told. */
export interface NodeConfig {
  readonly nats: NatsAccess;
  readonly cluster: Cluster;
  readonly listen: string;
  readonly advertise: string | undefined;
  readonly dataDir: string;
  readonly cacheBytes: number;
  readonly memoryBytes: number;
  readonly maxResultBytes: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly spares: number;
  readonly drainTimeoutMs: number;
}

/** Reads flags, environment and the configuration file. Throws an Error that lists all faults at once. */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): NodeConfig {
  const { values: flags } = parseArgs({
    args: [...args],
    options: {
      config: { type: "string" },
      listen: { type: "string" },
      nats: { type: "string" },
      "data-dir": { type: "string" },
      insecure: { type: "boolean" },
    },
  });
  const file = flags.config === undefined ? {} : readJson(flags.config);
  const parsed = schema.safeParse(file);
  if (!parsed.success) throw new Error(`Cannot use configuration ${flags.config}:\n${z.prettifyError(parsed.error)}`);
  const { nats, node } = parsed.data;
  const cluster = { ...parsed.data.cluster, insecure: flags.insecure ?? parsed.data.cluster.insecure };
  const listen = flags.listen === undefined ? node.listen : parseAddress(flags.listen);
  if (!cluster.secret && !cluster.tls && !cluster.insecure && !isLoopbackAddress(listen)) {
    throw new Error(
      `Cannot listen on "${listen}": without cluster.secret or cluster.tls anybody who reaches it could run code. Listen on 127.0.0.1, or say --insecure`,
    );
  }
  return {
    nats: { ...nats, url: flags.nats ?? environment.NATS_URL ?? nats.url },
    cluster,
    listen,
    advertise: node.advertise,
    dataDir: resolve(flags["data-dir"] ?? node.dataDir),
    cacheBytes: node.cacheBytes,
    memoryBytes: node.memoryBytes ?? defaultMemoryBytes(),
    maxResultBytes: node.maxResultBytes,
    labels: node.labels,
    spares: node.spares,
    drainTimeoutMs: node.drainTimeoutMs,
  };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`Cannot read configuration ${path}: ${(cause as Error).message}`, { cause });
  }
}

function parseAddress(text: string): string {
  const parsed = address.safeParse(text);
  if (!parsed.success) throw new Error(`Cannot listen on "${text}": it must be host:port`);
  return parsed.data;
}

/** Of the container's limit where there is one, else of the machine's memory. */
function defaultMemoryBytes(): number {
  const limitBytes = process.constrainedMemory() || totalmem();
  return Math.floor((Math.min(limitBytes, totalmem()) * 3) / 4);
}
