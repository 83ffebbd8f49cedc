import { connect, type Socket } from "node:net";
import { createLineScheduler } from "../../line_scheduler.ts";
import type { DriverConnection } from "../protocol/driver_connection.ts";
import { type DriverServer, type Hello, startDriverServer } from "../protocol/driver_server.ts";
import { type DriverEnd, openDriverEnd } from "./driver_end.ts";

/** A driver that a test scripts. It may send what no real driver sends. */
export interface ScriptedDriver extends DriverEnd, Disposable {
  readonly socket: Socket;
  /** Resolves when the node has closed the connection. */
  readonly cut: Promise<void>;
  /** Messages of the node so far, except beats. */
  readonly messages: unknown[];
}

export function helloWith(token: string): object {
  return { type: "hello", token, pid: 1, java: "17", spark: "4.3.0", scala: "2.13" };
}

export async function connectDriver({ address }: Pick<DriverServer, "address">): Promise<ScriptedDriver> {
  const [host, port] = address.split(":");
  const socket = connect({ host: host ?? "", port: Number(port) });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const messages: unknown[] = [];
  const end = openDriverEnd(socket, (message) => {
    if (message.type !== "beat") messages.push(message);
  });
  socket.on("error", () => {});
  const cut = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { ...end, socket, cut, messages, [Symbol.dispose]: () => void socket.destroy() };
}

const SILENT_LOG = { debug() {}, warn(_fields: object, _message: string) {} };

export function startTestServer(
  options: { helloMs?: number; silenceMs?: number; log?: typeof SILENT_LOG } = {},
): Promise<DriverServer> {
  return startDriverServer(
    { scheduler: createLineScheduler(), log: SILENT_LOG, ...options },
    { listen: "127.0.0.1:0" },
  );
}

/** Connects an expected driver. Resolves to both ends of its connection. */
export async function connectExpected(
  server: DriverServer,
): Promise<{ driver: ScriptedDriver; connection: DriverConnection; hello: Hello }> {
  using expected = server.expect();
  const driver = await connectDriver(server);
  driver.send(helloWith(expected.token));
  return { driver, ...(await expected.connected) };
}
