import { once } from "node:events";
import { connect } from "node:net";
import type { LoadClient, LoadSpec } from "./spec.ts";

const END_OF_HEAD = Buffer.from("\r\n\r\n");

/**
 * HTTP/1.1 on a bare socket: one prepared request, sent again after each answer. Costs the machine, which it shares with the
 * server, a few microseconds a call, where `fetch` costs a hundred. Understands answers with a Content-Length.
 */
export async function openHttpClient(spec: LoadSpec): Promise<LoadClient> {
  const { hostname, port, host } = new URL(spec.url);
  const body = JSON.stringify(spec.body);
  const head = [
    `POST ${spec.path} HTTP/1.1`,
    `host: ${host}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);

  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  let waiting = Promise.withResolvers<void>();
  let received: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const length = lengthOfAnswer(received);
    if (length === undefined || received.length < length) return;
    const answer = received;
    received = Buffer.alloc(0);
    if (answer.includes(" 200 ") && answer.includes(spec.expect)) return waiting.resolve();
    waiting.reject(new Error(answer.toString().slice(0, 1000)));
  });
  socket.on("error", (error) => waiting.reject(error));
  socket.on("close", () => waiting.reject(new Error("the server closed the connection")));

  return {
    call() {
      waiting = Promise.withResolvers();
      socket.write(request);
      return waiting.promise;
    },
    [Symbol.dispose]() {
      socket.removeAllListeners("close").destroy();
    },
  };
}

/** Bytes of head and body; undefined while the head is not whole. */
function lengthOfAnswer(received: Buffer): number | undefined {
  const end = received.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.toString("latin1", 0, end))?.[1];
  if (!length) throw new Error(`An answer without Content-Length: ${received.toString("latin1", 0, end)}`);
  return end + END_OF_HEAD.length + Number(length);
}
