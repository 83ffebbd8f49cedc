import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createThrottledLog, parseAddress, printAddress } from "../../../cluster/mod.ts";
import type { LineScheduler } from "../../line_scheduler.ts";
import { type DriverConnection, openConnection } from "./driver_connection.ts";
import { FrameReader } from "./driver_frames.ts";
import { parseDriverMessage } from "./driver_messages.ts";
import { type DriverMessage, Kind, Violation } from "./driver_protocol.ts";

/** Time limit for the `hello` of a connection, in milliseconds: a JVM that has just started is slow on a machine under load. */
const HELLO_MS = 30_000;

const LARGEST_HELLO_BYTES = 4 * 1024;

/** Maximum number of connections without a `hello`. One more closes the oldest. */
const MOST_STRANGERS = 64;

const TOKEN_BYTES = 32;

export type Hello = Extract<DriverMessage, { type: "hello" }>;

/** A driver that is going to connect. Disposing revokes its token. */
export interface ExpectedDriver extends Disposable {
  /** Proves the identity of the driver, once. */
  readonly token: string;
  /** Resolves when the driver has connected. Never rejects. */
  readonly connected: Promise<{ readonly connection: DriverConnection; readonly hello: Hello }>;
}

/** The server that drivers connect back to. Disposing closes all connections. */
export interface DriverServer extends AsyncDisposable {
  /** `host:port` that it listens on. */
  readonly address: string;
  expect(): ExpectedDriver;
}

interface ServerDeps {
  readonly scheduler: LineScheduler;
  readonly log: { debug(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Default `HELLO_MS`. */
  readonly helloMs?: number | undefined;
  readonly silenceMs?: number | undefined;
}

type Claim = (connection: DriverConnection, hello: Hello) => void;

/** Resolves when it listens. Rejects when the address is taken. */
export async function startDriverServer(deps: ServerDeps, { listen }: { listen: string }): Promise<DriverServer> {
  const { log, helloMs = HELLO_MS } = deps;
  /** Keyed by the digest of the token: the comparison takes constant time. */
  const expected = new Map<Buffer, Claim>();
  const sockets = new Set<Socket>();
  /** Connections without a `hello`, oldest first. */
  const strangers = new Set<Socket>();
  const logRefusal = createThrottledLog<{ readonly reason: string }>(
    (fields) => log.warn(fields, "refused a connection to the port of Spark drivers"),
    { linesPerMinute: 1, keyOf: ({ reason }) => reason },
  );

  function takeClaim(token: string): Claim | undefined {
    const digest = digestOf(token);
    for (const [known, claim] of expected) {
      if (!timingSafeEqual(known, digest)) continue;
      expected.delete(known);
      return claim;
    }
    return undefined;
  }

  /** Anyone can connect at any rate, so the log is throttled. */
  function complain(reason: string, fields: object): void {
    logRefusal({ ...fields, reason });
  }

  /** Closes the oldest connection: a driver sends its `hello` at once, so the newest is the likelier driver. */
  function cutOldest(oldest: Socket): void {
    strangers.delete(oldest);
    complain("too many connections have sent no hello", { address: oldest.remoteAddress });
    oldest.destroy();
  }

  function welcome(socket: Socket): void {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // `close` follows an error.
    socket.on("error", () => {});
    const [oldest] = strangers;
    if (strangers.size >= MOST_STRANGERS && oldest !== undefined) cutOldest(oldest);
    strangers.add(socket);
    socket.setNoDelay(true);
    const reader = new FrameReader(LARGEST_HELLO_BYTES);
    const left = (): void => {
      strangers.delete(socket);
      clearTimeout(timer);
      socket.off("data", onData).off("close", left);
    };
    const refuse = (reason: string, fields: object = {}): void => {
      complain(reason, { address: socket.remoteAddress, ...fields });
      socket.destroy();
    };
    const timer = setTimeout(() => refuse("it sent no hello in time"), helloMs);
    timer.unref();
    function onData(chunk: Buffer): void {
      reader.push(chunk);
      const hello = readHello(reader);
      if (hello === undefined) return;
      if (typeof hello === "string") return refuse(`its first message is not "hello"`, { detail: hello });
      const claim = takeClaim(hello.token);
      if (claim === undefined) return refuse("its token belongs to no expected driver");
      left();
      claim(openConnection(deps, socket, reader), hello);
    }
    socket.on("data", onData).on("close", left);
  }

  const server = createServer(welcome);
  await listenOn(server, listen);
  server.on("error", (error) => log.warn({ err: error }, "the port of Spark drivers failed"));
  return {
    address: addressOf(server),
    expect() {
      const token = randomBytes(TOKEN_BYTES).toString("hex");
      const digest = digestOf(token);
      const { promise, resolve } = Promise.withResolvers<Awaited<ExpectedDriver["connected"]>>();
      expected.set(digest, (connection, hello) => resolve({ connection, hello }));
      return { token, connected: promise, [Symbol.dispose]: () => void expected.delete(digest) };
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Returns the first message, undefined while it is incomplete, or a string that says why it is invalid. */
function readHello(reader: FrameReader): Hello | string | undefined {
  try {
    const frame = reader.next();
    if (frame === undefined) return undefined;
    const message = frame.kind === Kind.MESSAGE ? parseDriverMessage(frame.payload) : undefined;
    return message?.type === "hello" ? message : `its first message is not "hello"`;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return error.message;
  }
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function listenOn(server: Server, listen: string): Promise<void> {
  const { host, port } = parseAddress(listen);
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void =>
      reject(new Error(`Cannot listen for Spark drivers on ${listen} (node.spark.listen): ${error.message}`));
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("The port of Spark drivers has no address");
  return printAddress({ host: bound.address, port: bound.port });
}
