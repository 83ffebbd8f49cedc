import { resolve } from "node:path";
import { childEnvironment } from "../config.ts";
import { type Child, startChild } from "./child.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Longest default drain timeout, which is a node's, in milliseconds. */
const DEFAULT_DRAIN_MS = 30_000;

/** Time between the drain timeout and SIGKILL, in milliseconds. Gateways receive the last events in it. */
const CLOSING_MS = 20_000;

/** Options of a gateway or context node process. */
export interface ProcessOptions {
  readonly natsUrl: string;
  /** NATS user. Default: that of the configuration file. */
  readonly natsUser?: { readonly name: string; readonly passwordFile: string } | undefined;
  /** Secret of the cluster. Default: that of the configuration file. */
  readonly clusterSecretFile?: string | undefined;
  /** `host:port`; port 0 for a free one. */
  readonly listen: string;
  readonly dataDir: string;
  readonly configFile?: string | undefined;
  /** Drain timeout of the configuration file, in milliseconds. Absent for the default. */
  readonly drainTimeoutMs?: number | undefined;
  /** Default: that of the environment. */
  readonly logLevel?: string | undefined;
  /** Receives each line of its output: JSON lines of its log, mostly. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Longest time until it is ready. Default 30 s. */
  readonly startTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Starts a gateway and resolves when it listens; `ready` is its `host:port`. */
export function startGateway(options: ProcessOptions): Promise<Child<string>> {
  return startProcess("gateway", "gateway/main.ts", options);
}

/** Starts a context node and resolves when it listens; `ready` is the `host:port` of its sessions. */
export function startNode(options: ProcessOptions & { readonly name?: string }): Promise<Child<string>> {
  return startProcess(options.name ?? "context node", "context-node/main.ts", options);
}

function startProcess(name: string, file: string, options: ProcessOptions): Promise<Child<string>> {
  const { natsUser, clusterSecretFile } = options;
  const args = [
    resolve(ROOT, file),
    ...["--nats", options.natsUrl],
    ...(natsUser ? ["--nats-user", natsUser.name, "--nats-password-file", natsUser.passwordFile] : []),
    ...(clusterSecretFile ? ["--cluster-secret-file", clusterSecretFile] : []),
    ...["--listen", options.listen],
    ...["--data-dir", options.dataDir],
    ...(options.configFile ? ["--config", options.configFile] : []),
    ...(options.logLevel ? ["--log-level", options.logLevel] : []),
  ];
  return startChild(
    {
      name,
      command: process.execPath,
      args,
      env: childEnvironment(),
      onLine: options.onLine,
      readyWhen: listeningAddress,
      startTimeoutMs: options.startTimeoutMs,
      drainTimeoutMs: Math.max(DEFAULT_DRAIN_MS, options.drainTimeoutMs ?? 0) + CLOSING_MS,
    },
    { signal: options.signal },
  );
}

/** The address in the log line that says that a process is ready. */
function listeningAddress(line: string): string | undefined {
  if (!line.includes('"listening"')) return undefined;
  const { msg, address } = JSON.parse(line) as { msg?: unknown; address?: unknown };
  return msg === "listening" && typeof address === "string" ? address : undefined;
}
