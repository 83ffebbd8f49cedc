import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { connect, constants } from "node:http2";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { log } from "../../../test/silent_log.ts";
import { limitsSection } from "../../limits.ts";
import { listenOnOnePort, type OpenPort } from "../connections/one_port.ts";

let port: OpenPort;

/** More bytes than a client can send before the server reads. */
const LARGE = Buffer.alloc(4 * 1024 * 1024);

beforeAll(async () => {
  const serve: RequestListener = (request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  };
  port = await listenOnOnePort({
    ...{ host: "127.0.0.1", port: 0, tls: undefined, serve },
    ...{ limits: limitsSection.parse({}), log },
  });
});

afterAll(() => port?.[Symbol.asyncDispose]());

/** Responds after the first chunk of the body, in the way that the path names. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await request.iterator({ destroyOnReturn: false }).next();
  if (request.url === "/head") return void response.writeHead(204).end();
  response.write("enough");
  if (request.url === "/trailers") response.addTrailers({ "grpc-status": "8" });
  response.end();
}

test.each([
  ["/head", "", undefined],
  ["/body", "enough", undefined],
  ["/trailers", "enough", "8"],
])("an HTTP/2 client that still sends is asked to stop after the whole response: %s", async (path, body, status) => {
  const session = connect(`http://${port.address}`);
  const stream = session.request({ ":method": "POST", ":path": path });
  const trailers: { "grpc-status"?: string } = {};
  stream.on("trailers", (headers) => Object.assign(trailers, headers));
  stream.write(LARGE);
  const closed = once(stream, "close");
  expect(await text(stream)).toBe(body);
  await closed;
  expect({ code: stream.rstCode, status: trailers["grpc-status"] }).toEqual({
    code: constants.NGHTTP2_NO_ERROR,
    status,
  });
  session.close();
});
