import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { type Cluster, clusterSection, isLoopbackHost, type NatsAccess, natsSection } from "../cluster/mod.ts";
import type { CallbackConfig } from "./callbacks/mod.ts";
import { type Limits, limitsSection } from "./limits.ts";
import { isAddressRange } from "./outgoing/mod.ts";
import type { RetentionConfig } from "./retention/mod.ts";
import type { TlsFiles } from "./serve/mod.ts";

const ADDRESS = /^(?<host>\[[0-9A-Fa-f:.]+\]|[^:[\]]+):(?<port>\d{1,5})$/;

/** Before the name of a plugin that comes with Hearth. */
const BUILT_IN = /^hearth:(?=[a-z0-9-]+$)/;

/** The most that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A plugin by package name, by `hearth:NAME` for one that comes with Hearth, or by path relative to the configuration file, with the plugin's own part of the configuration. */
const pluginReference = z.strictObject({ plugin: z.string().min(1), config: z.unknown().default({}) });

/** Names of settings as `gateway/spark/settings.ts` has them, with dots or nested. */
const contextSettings = z.record(z.string(), z.json());

/** Text in which `*` stands for any text. */
const patterns = z.array(z.string().min(1)).min(1);

/** `*`, `jobs`, `jobs:*` or `jobs:start`. */
const permission = z.string().regex(/^(\*|[a-z]+(:(\*|[a-z]+))?)$/, "must be *, RESOURCE, RESOURCE:* or RESOURCE:VERB");

const role = z.strictObject({
  /** What it allows. */
  permissions: z.array(permission),
  /** Only in contexts of such names, with `*` for any text; default all. */
  contexts: patterns.optional(),
  /** Only with binaries of such names, with `*` for any text; default all. */
  binaries: patterns.optional(),
  /** Calls that a principal with this role may make, on average; of several roles the highest counts. */
  requestsPerSecond: z.number().positive().optional(),
});

const schema = z.object({
  nats: natsSection,
  cluster: clusterSection,
  gateway: z
    .strictObject({
      /** `host:port`; port 0 takes a free one. */
      listen: z.string().regex(ADDRESS, "must be host:port").default("127.0.0.1:8090"),
      /** Folder of the default plugins' files. */
      dataDir: z.string().min(1).default(".hearth"),
      /** Listens on an address that is not loopback although nobody is asked who they are. */
      insecure: z.boolean().default(false),
      /** TLS on the port. The files are read again when they change; default none. */
      tls: z
        .strictObject({
          /** PEM file of the certificate, with those between it and its authority. */
          cert: z.string().min(1),
          /** PEM file of its key. */
          key: z.string().min(1),
          /** PEM file of the authorities that clients' certificates must be of; absent: clients are not asked for one. */
          clientCa: z.string().min(1).optional(),
        })
        .optional(),
      /** Time to finish calls in flight when it is told to end, in milliseconds. */
      drainTimeoutMs: z.int().nonnegative().default(10_000),
      /** Contexts that exist from the start: their settings by name. */
      contexts: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9._~-]{0,127}$/), contextSettings).default({}),
      /** Settings of every context that is made through spark-jobserver's API or named here, where its creator says nothing. */
      contextSettings: contextSettings.default({}),
      /** Config of every job, where its submitter says nothing. */
      jobConfig: z.record(z.string(), z.json()).default({}),
      /** spark-jobserver's API. */
      spark: z
        .strictObject({
          /** A request that takes longer is answered with 500, in milliseconds. */
          requestTimeoutMs: z.int().positive().max(LONGEST_TIMER_MS).default(40_000),
          /** A context that is not stopped two seconds before is told to be stopping, in milliseconds. */
          contextDeletionTimeoutMs: z.int().nonnegative().max(LONGEST_TIMER_MS).default(40_000),
          programs: z
            .strictObject({
              folders: z
                .array(z.string().refine(isAbsolute, "must be an absolute path"))
                .default([])
                .describe(
                  "Folders, by absolute paths, below which the gateway reads programs that class paths name as file:; default none",
                ),
              allow: z
                .array(z.string().refine(isAddressRange, "must be an IP address or a range like 10.0.0.0/8"))
                .default([])
                .describe(
                  "IP addresses and ranges, such as 10.0.0.0/8, from which the gateway fetches programs that class paths name as http: or https:, beside the public internet",
                ),
            })
            .prefault({}),
        })
        .prefault({}),
      /** The POST that tells of a job's end. */
      callbacks: z
        .strictObject({
          /** Signs them. Gateways without a common data directory need the same one. Default: made at the first start. */
          secret: z.string().min(16).optional(),
          /** IP addresses and ranges that they may go to beside the public internet, such as `10.0.0.0/8`. */
          allow: z
            .array(z.string().refine(isAddressRange, "must be an IP address or a range like 10.0.0.0/8"))
            .default([]),
          /** Times that one is tried. */
          attempts: z.int().positive().max(20).default(5),
          /** Time before the second try, in milliseconds; four times as long before each further one. */
          retryDelayMs: z.int().positive().max(60_000).default(2000),
          /** The longest that one try may take, in milliseconds. */
          timeoutMs: z.int().positive().max(120_000).default(10_000),
        })
        .prefault({}),
      /** How long things are kept, in days; null: for ever. */
      retention: z
        .strictObject({
          /** Final jobs with their configs, results and logs. */
          jobDays: z.number().positive().nullable().default(30),
          /** Contexts that have ended. */
          contextDays: z.number().positive().nullable().default(30),
          /** Versions of binaries that are not the newest and that no open job uses. */
          binaryDays: z.number().positive().nullable().default(null),
          /** Minutes between two sweeps. */
          everyMinutes: z.number().positive().max(10_000).default(60),
        })
        .prefault({}),
      dao: pluginReference.optional(),
      blobs: pluginReference.optional(),
      /**
       * Origins whose pages may call, such as `https://page.example`, or `*` for all. Default: all when there is an auth plugin that does
       * not let in anybody, else those of this machine.
       */
      allowedOrigins: z
        .union([z.literal("*"), z.array(z.string().refine(isOrigin, "must be an origin like https://page.example"))])
        .optional(),
      /** Plugins that tell who a caller is, asked in order. None: everybody may do everything, and only loopback is listened on. */
      auth: z.array(pluginReference).default([]),
      /** What roles allow, by name. */
      roles: z.record(z.string().min(1), role).default({}),
      limits: limitsSection,
      audit: z
        .strictObject({
          /** Also tells of calls that only read. */
          reads: z.boolean().default(false),
          /** Entries that are older are forgotten. */
          keepDays: z.int().positive().default(90),
        })
        .prefault({}),
      /** Lets anybody ask for the descriptors of the services by gRPC reflection; otherwise a caller has to be known. */
      openReflection: z.boolean().default(false),
    })
    .superRefine(({ auth, roles }, context) => {
      const hasRoles = Object.keys(roles).length > 0;
      if (auth.length > 0 && !hasRoles) {
        context.addIssue({
          code: "custom",
          path: ["roles"],
          message: "auth without roles would allow nobody anything",
        });
      }
      if (auth.length === 0 && hasRoles) {
        context.addIssue({ code: "custom", path: ["auth"], message: "roles without auth would hold nobody to them" });
      }
    })
    .prefault({}),
});

export interface PluginReference {
  readonly plugin: string;
  readonly config: unknown;
}

/** Any JSON by name. */
type JsonRecord = z.infer<typeof contextSettings>;

/** Who may do what. */
export interface AccessConfig {
  /** With the name by which the log calls each. */
  readonly auth: readonly (PluginReference & { readonly name: string })[];
  readonly roles: ReadonlyMap<string, z.infer<typeof role>>;
  readonly requestsPerSecond: number | undefined;
  readonly audit: { readonly reads: boolean; readonly keepDays: number };
  readonly openReflection: boolean;
}

/** What a gateway is told. */
export interface GatewayConfig {
  readonly nats: NatsAccess;
  readonly cluster: Cluster;
  readonly host: string;
  readonly port: number;
  /** Absolute paths. Undefined: HTTP in the clear. */
  readonly tls: TlsFiles | undefined;
  readonly limits: Limits;
  readonly drainTimeoutMs: number;
  readonly contexts: Readonly<Record<string, JsonRecord>>;
  readonly contextSettings: JsonRecord;
  readonly jobConfig: JsonRecord;
  readonly spark: {
    readonly requestTimeoutMs: number;
    readonly contextDeletionTimeoutMs: number;
    readonly programs: { readonly folders: readonly string[]; readonly allow: readonly string[] };
  };
  /** Folder of what the gateway itself keeps. */
  readonly dataDir: string;
  readonly callbacks: CallbackConfig;
  readonly retention: RetentionConfig;
  readonly dao: PluginReference;
  readonly blobs: PluginReference;
  /** Origins whose pages may call. Undefined: it depends on whether callers are asked who they are. */
  readonly allowedOrigins: "*" | readonly string[] | undefined;
  /** Undefined: everybody may do everything. */
  readonly access: AccessConfig | undefined;
  /** Whether `host` is reached by other machines, and nobody said that this is meant to be so whoever calls. */
  readonly isExposed: boolean;
  /** Folder that the paths of plugins are relative to. */
  readonly baseDir: string;
}

/** Reads flags, environment and the configuration file. Throws an Error that lists all faults at once. */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): GatewayConfig {
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
  const { nats, cluster, gateway } = parsed.data;
  const { host, port } = parseAddress(flags.listen ?? gateway.listen);
  const isExposed = !isLoopbackHost(host) && !(flags.insecure ?? gateway.insecure);
  if (isExposed && gateway.auth.length === 0) {
    throw new Error(
      `Cannot listen on ${host}: without an auth plugin anybody who reaches it could run code. Listen on 127.0.0.1, or say --insecure`,
    );
  }
  const dataDir = resolve(flags["data-dir"] ?? gateway.dataDir);
  return {
    nats: { ...nats, url: flags.nats ?? environment.NATS_URL ?? nats.url },
    cluster: { ...cluster, insecure: flags.insecure ?? cluster.insecure },
    host,
    port,
    tls: gateway.tls && absolute(gateway.tls),
    limits: gateway.limits,
    drainTimeoutMs: gateway.drainTimeoutMs,
    contexts: gateway.contexts,
    contextSettings: gateway.contextSettings,
    jobConfig: gateway.jobConfig,
    spark: gateway.spark,
    dataDir,
    callbacks: gateway.callbacks,
    retention: gateway.retention,
    allowedOrigins: gateway.allowedOrigins,
    access: gateway.auth.length === 0 ? undefined : accessConfig(gateway),
    isExposed,
    dao: locate(gateway.dao) ?? builtIn("dao-sqlite", { path: join(dataDir, "hearth.sqlite") }),
    blobs: locate(gateway.blobs) ?? builtIn("blobs-fs", { path: join(dataDir, "blobs") }),
    baseDir: flags.config === undefined ? process.cwd() : dirname(resolve(flags.config)),
  };
}

function absolute({ cert, key, clientCa }: NonNullable<z.infer<typeof schema>["gateway"]["tls"]>): TlsFiles {
  return { cert: resolve(cert), key: resolve(key), clientCa: clientCa === undefined ? undefined : resolve(clientCa) };
}

function accessConfig(gateway: z.infer<typeof schema>["gateway"]): AccessConfig {
  const { auth, roles, limits, audit, openReflection } = gateway;
  return {
    auth: auth.map((reference) => ({ ...locate(reference), name: reference.plugin.replace(BUILT_IN, "") })),
    roles: new Map(Object.entries(roles)),
    requestsPerSecond: limits.requestsPerSecond,
    audit,
    openReflection,
  };
}

/** A plugin that is named `hearth:NAME` is one that comes with Hearth. */
function locate<Reference extends PluginReference | undefined>(reference: Reference): Reference {
  if (reference === undefined || !BUILT_IN.test(reference.plugin)) return reference;
  return { ...reference, ...builtIn(reference.plugin.replace(BUILT_IN, ""), reference.config) };
}

/** A plugin that comes with Hearth: named like any other, by its path. */
function builtIn(name: string, config: unknown): PluginReference {
  return { plugin: resolve(import.meta.dirname, "../plugins", name, "mod.ts"), config };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new Error(`Cannot read configuration ${path}: ${(cause as Error).message}`, { cause });
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function parseAddress(text: string): { host: string; port: number } {
  const { host, port } = ADDRESS.exec(text)?.groups ?? {};
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Error(`Cannot listen on "${text}": it must be host:port`);
  }
  return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}
