import { z } from "zod";
import {
  address,
  ConfigurationError,
  explainIssues,
  type Options,
  PARSE_OPTIONS,
  parseOptions,
  printOptions,
  readConfiguration,
} from "../cluster/mod.ts";
import { COMPILE_CACHE } from "./compile_cache.ts";
import { findPartFaults } from "./processes/part_faults.ts";

/** Configuration of `npm start`. */
export interface StandaloneConfig {
  /** `host:port` of the gateway. */
  readonly listen: string;
  readonly dataDir: string;
  /** Context nodes to start. */
  readonly nodes: number;
  /** A configuration file that all processes read. */
  readonly configFile: string | undefined;
  /** URL of a running NATS server. Undefined to start one. */
  readonly natsUrl: string | undefined;
  /** Whether the configuration file has a secret or certificates of the cluster. Otherwise `npm start` creates a secret. */
  readonly hasClusterIdentity: boolean;
  /** Longest drain of the gateway (including its `drainDelayMs`) and the nodes by the configuration file, in milliseconds. */
  readonly drainTimeoutMs?: number | undefined;
}

export const OPTIONS = {
  listen: { value: "host:port", meaning: "address of the gateway; default: that of the file, or 127.0.0.1:8090" },
  "data-dir": { value: "path", meaning: "data folder of all parts; overrides the file; default .hearth" },
  nodes: { value: "n", meaning: "context nodes to start; default 1" },
  nats: {
    value: "url",
    meaning: "a running NATS server with JetStream; default: that of the file, else starts one",
    variable: "NATS_URL",
  },
  config: { value: "file", meaning: "the configuration file of all processes" },
  help: { meaning: "print this text" },
} as const satisfies Options;

export const USAGE = `Starts the whole of Hearth on this machine: NATS server, context nodes, gateway.

  npm start -- [options]

${printOptions(OPTIONS)}`;

/** Values of flags. */
const flags = z.object({
  listen: address.optional(),
  "data-dir": z.string().min(1).default(".hearth"),
  nodes: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, "expected a whole number from 1")
    .default("1"),
  nats: z.string().optional(),
  config: z.string().optional(),
});

const durationMs = z.number().optional().catch(undefined);

/** Default of the gateway's `drainTimeoutMs`. */
const GATEWAY_DRAIN_MS = 10_000;

/** The keys of the file that apply without flags. Gateway and node validate them. */
const fileContent = z.object({
  gateway: z
    .object({ listen: address.optional().catch(undefined), drainTimeoutMs: durationMs, drainDelayMs: durationMs })
    .catch({}),
  node: z.object({ drainTimeoutMs: durationMs }).catch({}),
  nats: z.looseObject({ url: z.string().optional().catch(undefined) }).catch({ url: undefined }),
  cluster: z.looseObject({}).catch({}),
});

/** Default URL of NATS for a file with a section `nats` without `url`, as in `natsSection`. */
const NATS_URL = "nats://127.0.0.1:4222";

/**
 * Reads flags and environment, and lets gateway and node check their parts of the configuration file. Rejects with a ConfigurationError that
 * lists all faults.
 */
export async function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<StandaloneConfig> {
  const { given, faults } = parseOptions(OPTIONS, args, environment);
  const values = Object.fromEntries([...given].map(([name, { value }]) => [name, value]));
  const parsed = flags.safeParse(values, PARSE_OPTIONS);
  const wrong = parsed.success ? [] : explainIssues(parsed.error.issues);
  const ofFlags = [...faults, ...wrong.map(({ where, what }) => ({ where: `--${where}`, what }))];
  const file = given.get("config")?.value;
  const configFile = typeof file === "string" ? file : undefined;
  const ofParts = configFile === undefined ? [] : await findPartFaults(configFile, { listen: parsed.data?.listen });
  const all = [...ofFlags, ...ofParts];
  if (!parsed.success || all.length > 0) {
    const source = configFile === undefined ? "these flags and variables" : `configuration "${configFile}"`;
    throw new ConfigurationError(`start Hearth with ${source}`, all);
  }
  const { content } = readConfiguration({ name: "Hearth", options: OPTIONS }, args, {});
  const { gateway, node, nats, cluster } = fileContent.parse(content);
  const { url = isGiven(nats) ? NATS_URL : undefined } = nats;
  const { nodes, listen = gateway.listen ?? "127.0.0.1:8090", nats: natsUrl = url, "data-dir": dataDir } = parsed.data;
  const { insecure, ...identity } = cluster;
  const hasClusterIdentity = isGiven(identity) || insecure === true;
  const drains = [gatewayDrainMs(gateway), node.drainTimeoutMs].filter((drain) => drain !== undefined);
  const drain = drains.length > 0 ? { drainTimeoutMs: Math.max(...drains) } : {};
  return { listen, dataDir, nodes: Number(nodes), configFile, natsUrl, hasClusterIdentity, ...drain };
}

/** Longest drain of a gateway, in milliseconds. Undefined if the file does not set it. */
function gatewayDrainMs({ drainTimeoutMs, drainDelayMs }: z.output<typeof fileContent>["gateway"]): number | undefined {
  if (drainDelayMs === undefined) return drainTimeoutMs;
  return drainDelayMs + (drainTimeoutMs ?? GATEWAY_DRAIN_MS);
}

/** Whether a section of the file has keys. */
function isGiven(section: object): boolean {
  return Object.values(section).some((value) => value !== undefined);
}

/** The environment of the processes of a system: that of this process. */
export function childEnvironment(): Readonly<Record<string, string | undefined>> {
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env };
}
