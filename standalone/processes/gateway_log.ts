import { parseLogLine } from "./log_lines.ts";

/** How to call a gateway. */
export interface GatewayFace {
  readonly scheme: string;
  /** Names of the auth plugins. If empty, callers are not authenticated. */
  readonly auth: readonly string[];
}

/** State of a gateway, read from its log. */
export interface GatewayLog {
  /** Reads a line. */
  read(line: string): void;
  readonly listening: Promise<GatewayFace>;
  /** Resolves when it has opened sessions with the expected number of nodes. */
  readonly met: Promise<void>;
  /** Resolves when it can place contexts. */
  readonly ready: Promise<void>;
}

/** Reads the log instead of the API, because a gateway with authentication does not list its nodes for anonymous callers. */
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
