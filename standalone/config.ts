import { parseArgs } from "node:util";

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

export const USAGE = `Starts the whole of Hearth on this machine: NATS server, context nodes, gateway.

  npm start -- [options]

  --listen <host:port>   where the gateway listens (127.0.0.1:8090)
  --data-dir <path>      where everything is kept (.hearth)
  --nodes <n>            context nodes to start (1)
  --config <file>        configuration file, handed to every process
  --help                 this text

  NATS_URL               a running NATS server with JetStream to use instead of one of our own`;

/** Reads flags and environment; undefined when help was asked for. Throws an Error that names the flag at fault. */
export function parseConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): StandaloneConfig | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      listen: { type: "string", default: "127.0.0.1:8090" },
      "data-dir": { type: "string", default: ".hearth" },
      nodes: { type: "string", default: "1" },
      config: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;

  const nodes = Number(values.nodes);
  if (!Number.isInteger(nodes) || nodes < 1) throw new Error(`--nodes "${values.nodes}" is not a number from 1`);
  if (!/^.+:\d{1,5}$/.test(values.listen)) throw new Error(`--listen "${values.listen}" is not host:port`);
  return {
    listen: values.listen,
    dataDir: values["data-dir"],
    nodes,
    configFile: values.config,
    natsUrl: environment.NATS_URL || undefined,
  };
}
