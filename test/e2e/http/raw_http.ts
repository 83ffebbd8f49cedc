import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";

/** Opens a connection for a client that may close its half of it. */
export async function dial(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Sends bytes, closes that half of the connection and returns all that comes back. */
export async function sendAndClose(url: string, ...parts: (string | Uint8Array)[]): Promise<string> {
  const socket = await dial(url);
  const answer = text(socket);
  for (const part of parts) socket.write(part);
  socket.end();
  return answer;
}

export function head(line: string, ...headers: string[]): string {
  return `${[line, "host: localhost", ...headers].join("\r\n")}\r\n\r\n`;
}

/** A message in an envelope of gRPC-Web and Connect's streams, as Latin-1. */
export function framed(message: string | Uint8Array, { isCompressed = false } = {}): string {
  const bytes = Buffer.from(message);
  const envelope = Buffer.alloc(5);
  envelope[0] = isCompressed ? 1 : 0;
  envelope.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([envelope, bytes]).toString("latin1");
}
