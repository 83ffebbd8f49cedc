import type { Socket } from "node:net";
import type { Logger } from "pino";
import { networkOf } from "../../access/mod.ts";
import type { Limits } from "../../limits.ts";

/** Minimum interval between log lines, in milliseconds. A flood of connections must not flood the log. */
const TELL_EVERY_MS = 10_000;

/** Returns whether a new connection is accepted; destroys it otherwise. An accepted connection counts until it closes. */
export type ConnectionLimit = (socket: Socket) => boolean;

/** Limits the number of open connections, in total and per client network. */
export function createConnectionLimit(
  limits: Pick<Limits, "connections" | "connectionsPerAddress">,
  { log }: { readonly log: Logger },
): ConnectionLimit {
  const { connections, connectionsPerAddress } = limits;
  const openByNetwork = new Map<string, number>();
  let open = 0;
  let refused = 0;
  let toldMs = Number.NEGATIVE_INFINITY;

  return (socket) => {
    const network = networkOf(socket.remoteAddress ?? "");
    const ofNetwork = openByNetwork.get(network) ?? 0;
    if (open >= connections || ofNetwork >= connectionsPerAddress) {
      socket.destroy();
      tell(network);
      return false;
    }
    open += 1;
    openByNetwork.set(network, ofNetwork + 1);
    socket.once("close", () => leave(network));
    return true;
  };

  function leave(network: string): void {
    open -= 1;
    const left = (openByNetwork.get(network) ?? 1) - 1;
    if (left > 0) openByNetwork.set(network, left);
    else openByNetwork.delete(network);
  }

  function tell(network: string): void {
    refused += 1;
    const nowMs = performance.now();
    if (nowMs - toldMs < TELL_EVERY_MS) return;
    log.warn({ network, open, refused }, "connections rejected: too many in total or from one address");
    toldMs = nowMs;
    refused = 0;
  }
}
