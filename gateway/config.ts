import { join, resolve } from "node:path";
import { z } from "zod";
import {
  type Cluster,
  COMMON_OPTIONS,
  clusterSection,
  isLoopbackHost,
  type NatsAccess,
  natsSection,
  type Options,
  parseAddress,
  printOptions,
  readConfiguration,
} from "../cluster/mod.ts";
import type { AccessConfig } from "./access/mod.ts";
import type { CallbackConfig } from "./callbacks/mod.ts";
import { findPluginFaults } from "./config/check_plugins.ts";
import { builtIn, locate, type PluginReference, shortName } from "./config/plugin_reference.ts";
import { gatewaySection } from "./config/section.ts";
import type { Limits } from "./limits.ts";
import type { RetentionConfig } from "./retention/mod.ts";
import type { TlsFiles } from "./serve/mod.ts";

export { gatewaySection } from "./config/section.ts";

export const OPTIONS = {
  config: COMMON_OPTIONS.config,
  listen: { value: "host:port", meaning: "where it listens", keys: ["gateway.listen"] },
  nats: COMMON_OPTIONS.nats,
  "nats-user": COMMON_OPTIONS["nats-user"],
  "nats-password-file": COMMON_OPTIONS["nats-password-file"],
  "cluster-secret-file": COMMON_OPTIONS["cluster-secret-file"],
  "data-dir": { value: "path", meaning: "where the default plugins keep their files", keys: ["gateway.dataDir"] },
  insecure: {
    meaning: "listens on other addresses than loopback, and connects to such, although nobody proves who they are",
    keys: ["gateway.insecure", "cluster.insecure"],
  },
  "log-level": COMMON_OPTIONS["log-level"],
  check: COMMON_OPTIONS.check,
  help: COMMON_OPTIONS.help,
} as const satisfies Options;

export const USAGE = `Starts a gateway.\n\n  node gateway/main.ts [options]\n\n${printOptions(OPTIONS)}`;

/** The part of the configuration file for gateways. */
const configurationFile = z.strictObject({
  nats: natsSection,
  cluster: clusterSection,
  gateway: gatewaySection,
  node: z.unknown().optional(),
});

type GatewaySection = z.output<typeof gatewaySection>;

/** Configuration of a gateway. */
export interface GatewayConfig
  extends Pick<
    GatewaySection,
    "drainTimeoutMs" | "drainDelayMs" | "reusePort" | "placementWaitMs" | "contextSettings" | "jobConfig" | "spark"
  > {
  readonly nats: NatsAccess;
  readonly cluster: Cluster;
  /** Settings of predefined contexts, by name. */
  readonly contexts: GatewaySection["contexts"]["byName"];
  readonly defaultRuntime: GatewaySection["contexts"]["defaultRuntime"];
  readonly host: string;
  readonly port: number;
  /** Absolute paths. Undefined: plain HTTP. */
  readonly tls: TlsFiles | undefined;
  readonly limits: Limits;
  /** Folder for the gateway's own files. */
  readonly dataDir: string;
  readonly callbacks: CallbackConfig;
  readonly retention: RetentionConfig;
  readonly dao: PluginReference;
  readonly blobs: PluginReference;
  /** Origins whose pages may call. Undefined: depends on whether callers are authenticated. */
  readonly allowedOrigins: "*" | readonly string[] | undefined;
  /** Undefined: everything is permitted. */
  readonly access: (AccessConfig & { readonly openReflection: boolean }) | undefined;
  /** Whether other machines can reach `host`, without `--insecure`. */
  readonly isExposed: boolean;
  /** Base folder of plugin paths. */
  readonly baseDir: string;
}

/** Configuration of a gateway process. */
export interface GatewayProcessConfig extends GatewayConfig {
  /** Log level of pino. */
  readonly logLevel: string;
}

/**
 * Reads flags, environment and the configuration file, and checks the plugins that it names. Rejects with a ConfigurationError that lists
 * all errors at once.
 */
export async function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<GatewayProcessConfig> {
  const configuration = readConfiguration({ name: "the gateway", options: OPTIONS }, args, environment);
  const { baseDir, logLevel } = configuration;
  const parsed = configuration.parse(configurationFile);
  configuration.add(await findPluginFaults(configuration.content, { baseDir }));
  const { nats, cluster, gateway } = configuration.require(parsed);
  const { host, port } = parseAddress(gateway.listen);
  const dataDir = resolve(gateway.dataDir);
  return {
    ...{ nats, cluster, host, port, dataDir, baseDir, logLevel },
    tls: gateway.tls,
    limits: gateway.limits,
    drainTimeoutMs: gateway.drainTimeoutMs,
    drainDelayMs: gateway.drainDelayMs,
    reusePort: gateway.reusePort,
    placementWaitMs: gateway.placementWaitMs,
    contexts: gateway.contexts.byName,
    defaultRuntime: gateway.contexts.defaultRuntime,
    contextSettings: gateway.contextSettings,
    jobConfig: gateway.jobConfig,
    spark: gateway.spark,
    callbacks: gateway.callbacks,
    retention: gateway.retention,
    allowedOrigins: gateway.allowedOrigins,
    access: gateway.auth.length === 0 ? undefined : accessConfig(gateway),
    isExposed: !isLoopbackHost(host) && !gateway.insecure,
    dao: gateway.dao ? locate(gateway.dao) : builtIn("dao-sqlite", { path: join(dataDir, "hearth.sqlite") }),
    blobs: gateway.blobs ? locate(gateway.blobs) : builtIn("blobs-fs", { path: join(dataDir, "blobs") }),
  };
}

function accessConfig({ auth, roles, limits, audit, openReflection }: GatewaySection) {
  return {
    auth: auth.map((reference) => ({ ...locate(reference), name: shortName(reference.plugin) })),
    roles: new Map(Object.entries(roles)),
    requestsPerSecond: limits.requestsPerSecond,
    audit,
    openReflection,
  };
}
