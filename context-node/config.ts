import { totalmem } from "node:os";
import { resolve } from "node:path";
import { z } from "zod";
import {
  address,
  type Cluster,
  COMMON_OPTIONS,
  clusterSection,
  isLoopbackAddress,
  type NatsAccess,
  natsSection,
  type Options,
  printOptions,
  readConfiguration,
} from "../cluster/mod.ts";
import { LONGEST_DELAY_MS } from "../lib/async/mod.ts";
import type { IsolationMode } from "./isolation/mod.ts";
import { isPolicyEntry } from "./network/mod.ts";
import { completeSpark, type SparkConfig, sparkSection } from "./spark/spark_config.ts";

export const OPTIONS = {
  config: COMMON_OPTIONS.config,
  listen: { value: "host:port", meaning: "where gateways connect to it", keys: ["node.listen"] },
  nats: COMMON_OPTIONS.nats,
  "nats-user": COMMON_OPTIONS["nats-user"],
  "nats-password-file": COMMON_OPTIONS["nats-password-file"],
  "cluster-secret-file": COMMON_OPTIONS["cluster-secret-file"],
  "data-dir": { value: "path", meaning: "where caches and results on their way are", keys: ["node.dataDir"] },
  insecure: {
    meaning: "listens on other addresses than loopback although nobody proves who they are",
    keys: ["cluster.insecure"],
  },
  "log-level": COMMON_OPTIONS["log-level"],
  check: COMMON_OPTIONS.check,
  help: COMMON_OPTIONS.help,
} as const satisfies Options;

export const USAGE = `Starts a context node.\n\n  node context-node/main.ts [options]\n\n${printOptions(OPTIONS)}`;

/** Section `node` of the configuration file. */
export const nodeSection = z
  .strictObject({
    listen: address.default("127.0.0.1:0").describe("`host:port` of the session endpoint; port 0 takes a free one"),
    advertise: address
      .optional()
      .describe("`host:port` that gateways are told to connect to, where that is not the one listened on"),
    dataDir: z
      .string()
      .min(1)
      .default(".hearth/node")
      .describe(
        "Folder of caches and of results on their way, relative to the working directory. Nodes of one machine may share it",
      ),
    cacheBytes: z
      .int()
      .positive()
      .default(4 * 1024 ** 3)
      .describe(
        "What fetched programs and data files may take on disk, in bytes; those used longest ago go first, and what is in use stays",
      ),
    memoryBytes: z
      .int()
      .positive()
      .optional()
      .describe("Memory that contexts may be promised together, in bytes; default three quarters of what there is"),
    maxResultBytes: z
      .int()
      .positive()
      .default(256 * 1024 * 1024)
      .describe("The largest result that a job may return, in bytes of JSON"),
    loadTimeoutMs: z
      .int()
      .positive()
      .max(LONGEST_DELAY_MS)
      .default(60_000)
      .describe(
        "The longest that a job may take before its own code is called, in milliseconds: its program is fetched, and its modules are evaluated. A job that takes longer has failed",
      ),
    labels: z
      .record(z.string().min(1), z.string())
      .default({})
      .describe('What contexts may ask of the node that hosts them, such as `{"zone": "a"}`'),
    spares: z.int().nonnegative().max(64).default(1).describe("Sandboxes kept warm for contexts to come"),
    sandbox: z
      .strictObject({
        isolation: z
          .enum(["require", "auto", "off"])
          .default("auto")
          .describe(
            "Walls of the operating system around contexts: `require` refuses to start without the box of namespaces and the filter of system calls, `auto` takes those that the machine offers, `off` takes none",
          ),
        bubblewrap: z
          .string()
          .min(1)
          .optional()
          .describe("Path of the `bwrap` program; default: where systems keep it, or what `npm start` has fetched"),
      })
      .prefault({})
      .describe("How processes of contexts are confined beyond what Deno does"),
    secrets: z
      .strictObject({
        dir: z
          .string()
          .min(1)
          .optional()
          .describe("Folder with a file for each secret, as Docker and Kubernetes mount them; default none"),
        contexts: z
          .record(z.string().min(1), z.array(z.string().min(1)))
          .default({ "*": ["*"] })
          .describe(
            "Which secrets contexts may be granted: patterns of their names by patterns of contexts' names, in which `*` is any text",
          ),
      })
      .prefault({})
      .describe("What `secret:NAME` in configs of jobs and in the env of contexts stands for"),
    permissions: z
      .strictObject({
        net: z
          .record(
            z.string().min(1),
            z.array(
              z
                .string()
                .refine(
                  isPolicyEntry,
                  "must be *, a host, a pattern of hosts, an IP address or a block of them, perhaps with :port",
                ),
            ),
          )
          .default({ "*": ["*"] })
          .describe(
            "What contexts may be granted to connect to, by patterns of contexts' names, in which `*` is any text: `api.example.com:443`, `*.example.com`, `10.1.2.3:5432`, `10.1.0.0/16`, `[fd12::/16]:443`. " +
              "Without a port, or with `:*`, on all ports. `*` is the public internet: loopback, private, link-local and other special addresses, those of the node's own interfaces, " +
              "and names that are not of public DNS (`localhost`, `db`, `db.internal`) have to be named. A name does not name the addresses that it resolves to: a private host that is reached by name takes both. " +
              "Names resolve to IPv4 addresses only, unless `::/0` is named",
          ),
      })
      .prefault({})
      .describe("What the creators of contexts may grant them"),
    spark: sparkSection,
    drainTimeoutMs: z
      .int()
      .nonnegative()
      .max(LONGEST_DELAY_MS)
      .default(30_000)
      .describe(
        "Time for jobs to finish when it stops, in milliseconds; those that are left then are cancelled, with five seconds of grace at most",
      ),
  })
  .prefault({})
  .describe("What a context node does");

/** The part of the configuration file for context nodes. */
const configurationFile = z
  .strictObject({
    nats: natsSection,
    cluster: clusterSection,
    node: nodeSection,
    gateway: z.unknown().optional(),
  })
  .refine(({ cluster, node }) => cluster.secret || cluster.tls || cluster.insecure || isLoopbackAddress(node.listen), {
    path: ["node", "listen"],
    error:
      "without cluster.secret or cluster.tls anybody who reaches it could run code; listen on 127.0.0.1, give one of them, or say --insecure",
    when: ({ value }) => exposureKeys.safeParse(value).success,
  });

/** Both sections, if the rules about exposure hold. */
const exposureKeys = z.object({
  cluster: z.custom<Cluster>((value) => value instanceof Object && "secret" in value && "tls" in value),
  node: z.object({ listen: address }),
});

/** Configuration of a context node. */
export interface NodeConfig
  extends Omit<z.output<typeof nodeSection>, "advertise" | "memoryBytes" | "sandbox" | "secrets" | "spark"> {
  readonly nats: NatsAccess;
  readonly cluster: Cluster;
  readonly advertise: string | undefined;
  readonly memoryBytes: number;
  readonly sandbox: {
    readonly isolation: IsolationMode;
    /** Absolute path. */
    readonly bubblewrap: string | undefined;
  };
  readonly secrets: {
    /** Absolute. */
    readonly dir: string | undefined;
    readonly contexts: Readonly<Record<string, readonly string[]>>;
  };
  readonly spark: SparkConfig;
  /** Absolute path of the configuration file. */
  readonly configFile?: string | undefined;
}

/** Configuration of a node process. */
export interface NodeProcessConfig extends NodeConfig {
  /** Log level of pino. */
  readonly logLevel: string;
}

/** Reads flags, environment and the configuration file. Throws a ConfigurationError that lists all errors at once. */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): NodeProcessConfig {
  const configuration = readConfiguration({ name: "the context node", options: OPTIONS }, args, environment);
  const { nats, cluster, node } = configuration.require(configuration.parse(configurationFile));
  return {
    ...{ nats, cluster, logLevel: configuration.logLevel },
    ...node,
    advertise: node.advertise,
    dataDir: resolve(node.dataDir),
    sandbox: {
      ...node.sandbox,
      bubblewrap: node.sandbox.bubblewrap === undefined ? undefined : resolve(node.sandbox.bubblewrap),
    },
    secrets: { ...node.secrets, dir: node.secrets.dir === undefined ? undefined : resolve(node.secrets.dir) },
    spark: completeSpark(node.spark, environment),
    configFile: configuration.file,
    memoryBytes: node.memoryBytes ?? defaultMemoryBytes(),
  };
}

/** Share of the container's limit if there is one, else of the machine's memory. */
function defaultMemoryBytes(): number {
  const limitBytes = process.constrainedMemory() || totalmem();
  return Math.floor((Math.min(limitBytes, totalmem()) * 3) / 4);
}
