import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
} from "@nats-io/jetstream";
import { type ObjectInfo, type ObjectStore, Objm } from "@nats-io/obj";
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  headers,
  type NatsConnection,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { StoreUnavailable } from "../contract/mod.ts";
import { readText } from "../files/mod.ts";
import { explainConnectError } from "../nats/mod.ts";
import type { NatsConfig } from "./config.ts";
import { natsFault } from "./unavailable.ts";

/** Time limit for NATS to respond at the start, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5000;

/** Metadata of an object. */
export type Entry = Pick<ObjectInfo, "name" | "nuid" | "size" | "chunks" | "digest" | "mtime" | "deleted">;

/** An object store and its stream. Disposal closes the connection. */
export interface Bucket extends AsyncDisposable {
  readonly name: string;
  readonly stream: string;
  readonly objects: ObjectStore;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** Creates the object store unless it exists. */
  create(): Promise<ObjectStore>;
}

/** Connects, reconnects from then on, and creates the object store unless it exists. Rejects when NATS is unavailable. */
export async function openBucket(config: NatsConfig): Promise<Bucket> {
  await using opening = new AsyncDisposableStack();
  const nats = opening.adopt(await connectNats(config), (connection) => connection.close());
  const js = jetstream(nats);
  const manager = new Objm(js);
  // Of several that start together, later ones find it created.
  const create = (): Promise<ObjectStore> => manager.create(config.bucket, { replicas: config.replicas });
  const objects = await create()
    .catch(create)
    .catch((cause) => {
      const fault = natsFault(config.bucket, cause);
      if (fault !== cause) throw fault;
      throw new Error(`Cannot open object store "${config.bucket}": ${cause.message}`, { cause });
    });
  const jsm = await js.jetstreamManager();
  const opened = opening.move();
  return {
    name: config.bucket,
    stream: `OBJ_${config.bucket}`,
    objects,
    js,
    jsm,
    create,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function connectNats(config: NatsConfig): Promise<NatsConnection> {
  const { url, tls } = config;
  const authenticator = await readAuthenticator(config);
  return connect({
    servers: url.split(",").map((server) => server.trim()),
    name: "hearth-blobs",
    maxReconnectAttempts: -1,
    timeout: CONNECT_TIMEOUT_MS,
    ...(authenticator && { authenticator }),
    ...((tls || url.includes("tls://")) && { tls: { ...tls } }),
  }).catch(async (cause) => {
    const { reason, isAway } = await explainConnectError(cause, url);
    const message = `Cannot connect to NATS at ${url}: ${reason}`;
    throw isAway ? new StoreUnavailable("away", message, { cause }) : new Error(message, { cause });
  });
}

async function readAuthenticator(config: NatsConfig): Promise<Authenticator | undefined> {
  const { user, password, token, credentialsFile } = config;
  if (credentialsFile !== undefined) return credsAuthenticator(Buffer.from(readText(credentialsFile)));
  if (token !== undefined) return tokenAuthenticator(token);
  return user === undefined ? undefined : usernamePasswordAuthenticator(user, password);
}

/**
 * Replaces the metadata of an object if it still has the revision (0: none). False otherwise. The library's put, update and delete do not
 * check, and could undo each other.
 */
export async function replaceEntry({ name, js }: Bucket, entry: Entry, revision: number): Promise<boolean> {
  const rollUp = headers();
  rollUp.set("Nats-Rollup", "sub");
  const subject = `$O.${name}.M.${encodePadded(Buffer.from(entry.name))}`;
  const message = JSON.stringify({ bucket: name, ...entry });
  return js.publish(subject, message, { headers: rollUp, expect: { lastSubjectSequence: revision } }).then(
    () => true,
    (error) => {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence) return false;
      throw error;
    },
  );
}

/** Base64 in the form of object stores' subjects and digests. */
export function encodePadded(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("base64url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}
