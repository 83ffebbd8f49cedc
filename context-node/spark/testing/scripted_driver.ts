import { connect, type Socket } from "node:net";
import { createIntake } from "../../intake.ts";
import type { DriverConnection } from "../connection.ts";
import { type DriverServer, type Hello, startDriverServer } from "../driver_server.ts";
import { FrameReader } from "../frames.ts";
import { Kind, LARGEST_NODE_FRAME_BYTES } from "../protocol.ts";

/** The end of a driver, as a test writes it: it may send what no driver would. */
export interface ScriptedDriver extends Disposable {
  readonly socket: Socket;
  /** Resolves when the node cut the connection. */
  readonly cut: Promise<void>;
  /** Messages of the node so far, but for beats. */
  readonly messages: unknown[];
  /** Parts of contents so far, by request. */
  readonly contents: Map<number, Buffer[]>;
  send(message: object): void;
  sendFrame(kind: number, payload: Uint8Array): void;
  sendPart(run: number, bytes: Uint8Array): void;
}

export function helloWith(token: string): object {
  return { type: "hello", token, pid: 1, java: "17", spark: "4.3.0", scala: "2.13" };
}

export async function connectDriver({ address }: Pick<DriverServer, "address">): Promise<ScriptedDriver> {
  const [host, port] = address.split(":");
  const socket = connect({ host: host ?? "", port: Number(port) });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const reader = new FrameReader(LARGEST_NODE_FRAME_BYTES);
  const messages: unknown[] = [];
  const contents = new Map<number, Buffer[]>();
  socket.on("data", (chunk: Buffer) => {
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      if (frame.kind === Kind.CONTENT) {
        const request = frame.payload.readUInt32BE();
        contents.set(request, [...(contents.get(request) ?? []), frame.payload.subarray(4)]);
        continue;
      }
      const message = JSON.parse(frame.payload.toString()) as { type: string };
      if (message.type !== "beat") messages.push(message);
    }
  });
  socket.on("error", () => {});
  const cut = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const sendFrame = (kind: number, payload: Uint8Array): void => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(1 + payload.byteLength);
    head.writeUInt8(kind, 4);
    socket.write(Buffer.concat([head, payload]));
  };
  return {
    ...{ socket, cut, messages, contents, sendFrame },
    send: (message) => sendFrame(Kind.MESSAGE, Buffer.from(JSON.stringify(message))),
    sendPart(run, bytes) {
      const number = Buffer.alloc(4);
      number.writeUInt32BE(run);
      sendFrame(Kind.PART, Buffer.concat([number, bytes]));
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

const SILENT_LOG = { debug() {}, warn(_fields: object, _message: string) {} };

export function startTestServer(
  options: { helloMs?: number; silenceMs?: number; log?: typeof SILENT_LOG } = {},
): Promise<DriverServer> {
  return startDriverServer({ intake: createIntake(), log: SILENT_LOG, ...options }, { listen: "127.0.0.1:0" });
}

/** A driver that has proved itself, and the node's end of its connection. */
export async function connectExpected(
  server: DriverServer,
): Promise<{ driver: ScriptedDriver; connection: DriverConnection; hello: Hello }> {
  using expected = server.expect();
  const driver = await connectDriver(server);
  driver.send(helloWith(expected.token));
  return { driver, ...(await expected.connected) };
}
