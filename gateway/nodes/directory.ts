import { create, fromJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import type { Logger } from "pino";
import {
  AnnouncementReader,
  AnnouncementRefused,
  createThrottledLog,
  type Membership,
  SIGNATURE_HEADER,
} from "../../cluster/mod.ts";
import { deadline } from "../../lib/async/mod.ts";
import {
  NODE_FAREWELL_SUBJECT,
  NODE_HEARTBEAT_SUBJECT,
  NODE_PING_SUBJECT,
  type Node,
  Node_State,
  NodeLoadSchema,
  type NodeRuntime,
  NodeSchema,
  SILENCE_LIMIT_MS,
} from "../../proto/mod.ts";
import { type NodeSession, openSession, type SessionObserver } from "./session.ts";

/** Time without a response from NATS after which its heartbeats count as missing, in milliseconds. */
const LISTEN_LIMIT_MS = 2000;

/** Lost nodes whose runtimes are remembered, for the contexts that move away from them. */
const LOST_REMEMBERED = 1000;

/** Bytes of an ignored announcement in the log. */
const COMPLAINT_BYTES = 300;

interface KnownNode {
  announced: Node;
  heardAt: number;
  session: NodeSession | undefined;
  /** Settles when the session, which is opening or open, is over. */
  connection: Promise<void> | undefined;
}

/** Callbacks of a directory. */
export interface DirectoryObserver extends SessionObserver {
  opened(session: NodeSession): void;
  closed(session: NodeSession): void;
}

interface DirectoryDeps {
  readonly nats: NatsConnection;
  /** Proves that nodes belong to the cluster. */
  readonly membership: Membership;
  readonly log: Logger;
  readonly gatewayId: string;
  readonly version: string;
  readonly observer: DirectoryObserver;
  /** Called when a session opens, after the observer. */
  readonly onOpened?: (() => void) | undefined;
  /** Time for which a call waits for a node, in milliseconds. */
  readonly placementWaitMs: number;
}

/** The nodes that announced themselves on NATS, each with its session. */
export class NodeDirectory implements AsyncDisposable {
  readonly placementWaitMs: number;
  readonly #deps: DirectoryDeps;
  readonly #nodesById = new Map<string, KnownNode>();
  /** Runtimes of lost nodes by id, the newest last. */
  readonly #lostRuntimes = new Map<string, readonly NodeRuntime[]>();
  readonly #closing = new AbortController();
  readonly #subscriptions: Subscription[] = [];
  /** Start of the present period of listening, on the clock of `performance.now()`. Undefined while messages of nodes do not arrive. */
  #listeningSince: number | undefined;
  /** Time up to which all messages of nodes have arrived. */
  #heardUntil = Number.NEGATIVE_INFINITY;
  readonly #reader: AnnouncementReader | undefined;
  readonly #logRefusal: (fields: { readonly reason: string }) => void;

  constructor(deps: DirectoryDeps) {
    this.placementWaitMs = deps.placementWaitMs;
    this.#deps = deps;
    this.#logRefusal = createThrottledLog(
      (fields) => deps.log.warn(fields, "ignored a node announcement of another cluster"),
      { linesPerMinute: 1, keyOf: ({ reason }) => reason },
    );
    this.#reader = deps.membership.secrets && new AnnouncementReader(deps.membership.secrets);
    this.#listen(NODE_HEARTBEAT_SUBJECT, (node) => this.#heard(node));
    this.#listen(NODE_FAREWELL_SUBJECT, (node) => this.#left(node));
    // Nodes respond with their announcements. Without permission to ask, the gateway waits for their next heartbeat.
    deps.nats.publish(NODE_PING_SUBJECT);
  }

  /** The nodes that are not lost, sorted by id. */
  nodes(): Node[] {
    const known = [...this.#nodesById.values()].filter((node) => !this.#isDown(node));
    return known.map(describe).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The open sessions with nodes that accept work. */
  sessions(): NodeSession[] {
    const ready = [...this.#nodesById.values()].filter(({ announced }) => announced.state !== Node_State.DRAINING);
    const sessions = ready.map(({ session }) => session);
    return sessions.filter((session) => session !== undefined && !session.load.draining) as NodeSession[];
  }

  /** The open session with a node. */
  session(nodeId: string): NodeSession | undefined {
    return this.#nodesById.get(nodeId)?.session;
  }

  /** The runtimes that a node announced last, even if it is lost. Empty for unknown nodes. */
  runtimes(nodeId: string): readonly NodeRuntime[] {
    return this.#nodesById.get(nodeId)?.announced.runtimes ?? this.#lostRuntimes.get(nodeId) ?? [];
  }

  /**
   * Checks that messages of nodes arrive, and resolves when all earlier ones are read: this process may have been suspended, or NATS
   * unavailable. Forgets lost nodes. Call it periodically; otherwise no node is ever lost.
   */
  async listen(): Promise<void> {
    const askedAt = performance.now();
    // The response to `flush` arrives after the heartbeats that wait in the socket.
    const heard = this.#deps.nats.flush().then(
      () => true,
      () => false,
    );
    const isListening = await deadline(heard, LISTEN_LIMIT_MS, () => false);
    this.#listeningSince = isListening ? (this.#listeningSince ?? askedAt) : undefined;
    if (isListening) this.#heardUntil = askedAt;
    for (const [id, { connection, announced }] of [...this.#nodesById]) {
      // Keeps a node while a session opens: it may be back.
      if (connection === undefined && this.isLost(id)) this.#forget(announced);
    }
  }

  /**
   * Whether a node was silent for too long at the last check, and its session is closed. False while the gateway itself may have missed
   * messages. Unknown nodes get the time to announce themselves.
   */
  isLost(nodeId: string): boolean {
    const listening = this.#listeningSince;
    if (listening === undefined || this.#heardUntil - listening <= SILENCE_LIMIT_MS) return false;
    const node = this.#nodesById.get(nodeId);
    return node === undefined || (node.session === undefined && this.#heardUntil - node.heardAt > SILENCE_LIMIT_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#closing.abort();
    await Promise.all([...this.#nodesById.values()].map(({ connection }) => connection));
  }

  #forget({ id, runtimes }: Node): void {
    this.#nodesById.delete(id);
    this.#lostRuntimes.delete(id);
    this.#lostRuntimes.set(id, runtimes);
    const [oldest] = this.#lostRuntimes.keys();
    if (oldest !== undefined && this.#lostRuntimes.size > LOST_REMEMBERED) this.#lostRuntimes.delete(oldest);
  }

  #isDown({ session, heardAt }: KnownNode): boolean {
    return session === undefined && performance.now() - heardAt > SILENCE_LIMIT_MS;
  }

  #listen(subject: string, take: (node: Node) => void): void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) return;
      try {
        take(this.#read(message));
      } catch (cause) {
        if (cause instanceof AnnouncementRefused) return this.#complain(cause.message, message);
        this.#deps.log.warn({ subject, err: cause }, "ignored a node announcement that cannot be parsed");
      }
    };
    this.#subscriptions.push(this.#deps.nats.subscribe(subject, { callback }));
  }

  #read(message: Msg): Node {
    const payload = message.string();
    const signature = message.headers?.get(SIGNATURE_HEADER) ?? "";
    return this.#reader
      ? this.#reader.read({ subject: message.subject, payload, signature }, parseNode)
      : parseNode(payload);
  }

  #complain(reason: string, { subject, data }: Msg): void {
    const announcement = Buffer.from(data.subarray(0, COMPLAINT_BYTES)).toString();
    const fields = { subject, announcement, reason };
    this.#logRefusal(fields);
  }

  #heard(announced: Node): void {
    const known = this.#nodesById.get(announced.id);
    if (known === undefined) this.#deps.log.info({ node: announced.id, address: announced.address }, "node appeared");
    const node = known ?? { announced, heardAt: 0, session: undefined, connection: undefined };
    node.announced = announced;
    if (node.session !== undefined) node.session.runtimes = announced.runtimes;
    node.heardAt = performance.now();
    this.#nodesById.set(announced.id, node);
    if (!this.#closing.signal.aborted) node.connection ??= this.#connect(node);
  }

  #left({ id }: Node): void {
    const node = this.#nodesById.get(id);
    if (node === undefined) return;
    node.heardAt = Number.NEGATIVE_INFINITY;
    node.announced.state = Node_State.DRAINING;
  }

  /** Opens a session and serves it until it ends. The next heartbeat opens another. */
  async #connect(node: KnownNode): Promise<void> {
    const { log, observer, gatewayId, version, membership } = this.#deps;
    const { id, address, labels, runtimes } = node.announced;
    try {
      const session = await openSession({
        ...{ gatewayId, version, membership, observer },
        ...{ nodeId: id, address, labels, runtimes },
        signal: this.#closing.signal,
      });
      node.session = session;
      log.info({ node: id, address }, "session opened");
      observer.opened(session);
      this.#deps.onOpened?.();
      await session.closed;
      node.session = undefined;
      observer.closed(session);
      log.info({ node: id, address }, "session closed");
    } catch (error) {
      // A node that shuts down may have closed its port already.
      if (node.announced.state === Node_State.DRAINING)
        log.info({ node: id, address }, "no session with a node that is shutting down");
      else log.warn({ node: id, address, err: error }, "could not open a session; retrying at the next heartbeat");
    } finally {
      node.connection = undefined;
    }
  }
}

function parseNode(json: string): Node {
  return fromJsonString(NodeSchema, json, { ignoreUnknownFields: true });
}

function describe({ announced, session, heardAt }: KnownNode): Node {
  const load = session?.load;
  return create(NodeSchema, {
    ...announced,
    state: load === undefined ? Node_State.CONNECTING : load.draining ? Node_State.DRAINING : Node_State.READY,
    load: load?.node === undefined ? announced.load : create(NodeLoadSchema, toNodeLoad(load.node)),
    heardTime: Number.isFinite(heardAt) ? timestampFromMs(Math.floor(performance.timeOrigin + heardAt)) : undefined,
  });
}

function toNodeLoad(load: NonNullable<NodeSession["load"]["node"]>) {
  return {
    ...load,
    memoryBytes: BigInt(load.memoryBytes),
    promisedMemoryBytes: BigInt(load.promisedMemoryBytes),
  };
}
