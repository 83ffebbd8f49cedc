import { parseLogLine } from "./log_lines.ts";

/** How a gateway is called. */
export interface GatewayFace {
  readonly scheme: string;
  /** Names of the plugins that tell who a caller is; none: callers are not asked. */
  readonly auth: readonly string[];
}

/** What a gateway's log tells of it, once it was told. */
export interface GatewayLog {
  /** Takes a line. */
  read(line: string): void;
  readonly listening: Promise<GatewayFace>;
  /** Resolves when it has opened sessions with so many nodes. */
  readonly met: Promise<void>;
  /** Resolves when it can place contexts. */
  readonly ready: Promise<void>;
}

/** Reads the log: a gateway that asks callers who they are would not tell a stranger its nodes. */
export function createGatewayLog({ nodes }: { readonly nodes: number }): GatewayLog {
  const listening = Promise.withResolvers<GatewayFace>();
  const met = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const opened = new Set<unknown>();
  return {
    listening: listening.promise,
    met: met.promise,
    ready: ready.promise,
    read(line) {
      const { msg, node, scheme, auth } = parseLogLine(line) ?? {};
      if (msg === "listening" && typeof scheme === "string" && Array.isArray(auth)) listening.resolve({ scheme, auth });
      if (msg === "session opened") opened.add(node);
      if (msg === "ready") ready.resolve();
      if (opened.size >= nodes) met.resolve();
    },
  };
}
