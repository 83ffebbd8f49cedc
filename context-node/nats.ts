import type { NatsConnection } from "@nats-io/transport-node";
import {
  connectToNats,
  type NatsAccess,
  type StreamKeeper,
  startStreamKeeper,
  type Waiting,
  whenJetStreamAvailable,
} from "../cluster/mod.ts";
import { EVENT_STREAM_CONFIG } from "../proto/node.ts";

/** Prefix of the subjects of replies to a node. NATS accounts let no other user subscribe to it: docs/nats.md. */
export const INBOX_PREFIX = "_INBOX_node";

interface NatsOptions extends Waiting {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
}

/** A connection to NATS, and what keeps the event stream in existence. Disposing it closes the connection at once. */
export interface NodeNats extends AsyncDisposable {
  readonly nats: NatsConnection;
  readonly keeper: StreamKeeper;
}

/**
 * Connects to NATS and resolves when the event stream exists. Tries again while the server is away, at the start and later, for ever.
 * Rejects, with what to do, when a server does not let us in or JetStream refuses the stream.
 */
export async function connectNats({ access, name, ...waiting }: NatsOptions): Promise<NodeNats> {
  await using opening = new AsyncDisposableStack();
  const connecting = connectToNats(access, { name, inboxPrefix: INBOX_PREFIX }, waiting);
  const nats = opening.adopt(await connecting, (connection) => connection.close());
  const keeper = opening.use(startStreamKeeper({ nats, log: waiting.log }));
  await whenJetStreamAvailable(() => keeper.keepStream(EVENT_STREAM_CONFIG), waiting);
  const opened = opening.move();
  return { nats, keeper, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
