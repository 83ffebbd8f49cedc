import { z } from "zod";
import {
  address,
  ConfigurationError,
  explainIssues,
  type Options,
  PARSE_OPTIONS,
  parseOptions,
  printOptions,
} from "../cluster/mod.ts";
import { findPartFaults } from "./part_faults.ts";

/** What `npm start` was asked for. */
export interface StandaloneConfig {
  /** `host:port` of the gateway. */
  readonly listen: string;
  readonly dataDir: string;
  /** Context nodes to start. */
  readonly nodes: number;
  /** A configuration file that all processes read. */
  readonly configFile: string | undefined;
  /** A NATS server that runs already; undefined: one is started. */
  readonly natsUrl: string | undefined;
}

export const OPTIONS = {
  listen: { value: "host:port", meaning: "where the gateway listens; default 127.0.0.1:8090" },
  "data-dir": { value: "path", meaning: "where everything is kept; default .hearth" },
  nodes: { value: "n", meaning: "context nodes to start; default 1" },
  nats: {
    value: "url",
    meaning: "a running NATS server with JetStream to use instead of one of our own",
    variable: "NATS_URL",
  },
  config: { value: "file", meaning: "the configuration file, handed to every process" },
  help: { meaning: "this text" },
} as const satisfies Options;

export const USAGE = `Starts the whole of Hearth on this machine: NATS server, context nodes, gateway.

  npm start -- [options]

${printOptions(OPTIONS)}`;

/** Values of flags. */
const flags = z.object({
  listen: address.default("127.0.0.1:8090"),
  "data-dir": z.string().min(1).default(".hearth"),
  nodes: z
    .string()
    .regex(/^[1-9]\d{0,3}$/, "expected a whole number from 1")
    .default("1"),
  nats: z.string().optional(),
  config: z.string().optional(),
});

/**
 * Reads flags and environment, and has gateway and node check their parts of the configuration file. Rejects with a ConfigurationError that
 * lists all faults at once.
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
  const { listen } = parsed.data ?? flags.parse({});
  const ofParts = configFile === undefined ? [] : await findPartFaults(configFile, { listen });
  const all = [...ofFlags, ...ofParts];
  if (!parsed.success || all.length > 0) {
    const told = configFile === undefined ? "what it was told" : `configuration "${configFile}"`;
    throw new ConfigurationError(`start Hearth with ${told}`, all);
  }
  const { nodes, nats: natsUrl, "data-dir": dataDir } = parsed.data;
  return { listen, dataDir, nodes: Number(nodes), configFile, natsUrl };
}
