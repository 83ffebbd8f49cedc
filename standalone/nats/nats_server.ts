import type { Logger } from "pino";
import { type Child, startChild } from "../processes/child.ts";
import { findNatsServer } from "./binary.ts";

/** A NATS server as a child process. Disposing it ends the process; its store stays. */
export interface NatsServer extends AsyncDisposable {
  /** `nats://127.0.0.1:<port>`. */
  readonly url: string;
  readonly pid: number;
  /** Resolves after disposal; rejects when the server ended by itself. */
  readonly closed: Promise<void>;
}

export interface NatsServerOptions {
  /** Directory of the JetStream store, created if absent. Two servers must not share one. */
  readonly storeDir: string;
  /** 0 for a free port. */
  readonly port: number;
  /** Configuration file with its users. If absent, it accepts all clients. */
  readonly configFile?: string | undefined;
  readonly log: Pick<Logger, "debug" | "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

/** Starts a NATS server with JetStream on the loopback interface and resolves when it accepts connections. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { log, signal } = options;
  const binary = await findNatsServer({ log, signal });
  const child = await startNatsBinary(binary, options);
  return {
    url: child.ready,
    pid: child.pid,
    closed: child.closed,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** Starts a NATS server from a given binary. `ready` is the server's URL. */
export function startNatsBinary(
  binary: string,
  { storeDir, port, configFile, log, signal }: NatsServerOptions,
): Promise<Child<string>> {
  // The server interprets -1 as a free port.
  const args = ["--addr", "127.0.0.1", "--port", String(port || -1), "--jetstream", "--store_dir", storeDir];
  let address: string | undefined;
  return startChild(
    {
      name: "nats-server",
      command: binary,
      args: [...args, ...(configFile === undefined ? [] : ["--config", configFile])],
      onLine: (line) => log.debug({ line }, "nats-server"),
      readyWhen: (line) => {
        address ??= /Listening for client connections on (\S+)/.exec(line)?.[1];
        return line.includes("Server is ready") && address !== undefined ? `nats://${address}` : undefined;
      },
    },
    { signal },
  );
}
