import type { NatsConnection } from "@nats-io/transport-node";
import { connectToNats, type NatsAccess, type Waiting } from "../cluster/mod.ts";

/** Prefix of the subjects of replies to a node. NATS accounts let no other user subscribe to it: docs/nats.md. */
const INBOX_PREFIX = "_INBOX_node";

interface NatsOptions extends Waiting {
  readonly access: NatsAccess;
  /** Name in the server's monitoring. */
  readonly name: string;
}

/** A connection to NATS. Disposal closes it at once. */
export interface NodeNats extends AsyncDisposable {
  readonly nats: NatsConnection;
}

/** Connects to NATS, and reconnects whenever the server is unavailable. Rejects, with advice, when a server refuses the connection. */
export async function connectNats({ access, name, ...waiting }: NatsOptions): Promise<NodeNats> {
  const nats = await connectToNats(access, { name, inboxPrefix: INBOX_PREFIX }, waiting);
  return { nats, [Symbol.asyncDispose]: () => nats.close() };
}
