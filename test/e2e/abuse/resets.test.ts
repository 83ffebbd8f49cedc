import { once } from "node:events";
import http2 from "node:http2";
import { connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FLAG, FRAME, frame, headerBlock, PREFACE, requestHeaders, reset, settings } from "../../http/http2_frames.ts";
import { until } from "../../until.ts";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

const lines: string[] = [];
let abused: AbusedHearth;
beforeAll(async () => {
  abused = await startAbusedHearth(
    { gateway: { limits: { bodyTimeoutMs: 1000, idleTimeoutMs: 1000, stallTimeoutMs: 1000 } } },
    { onLine: (line) => lines.push(line) },
  );
});
afterEach(() => abused.expectWell());
afterAll(() => abused?.[Symbol.asyncDispose]());

const GRPC = { "content-type": "application/grpc", te: "trailers" };
const JSON_TYPE = { "content-type": "application/json" };

/** One request of each kind of answer. */
const REQUESTS = {
  "gRPC for a path that there is not": { path: "/nothing.Here/Is", headers: GRPC },
  "gRPC for a method": { path: "/hearth.v1.JobService/ListJobs", headers: GRPC },
  "gRPC for the root": { path: "/", headers: GRPC },
  "gRPC-Web": { path: "/hearth.v1.JobService/ListJobs", headers: { "content-type": "application/grpc-web+proto" } },
  Connect: { path: "/hearth.v1.JobService/ListJobs", headers: JSON_TYPE },
  "a stream of Connect": {
    path: "/grpc.health.v1.Health/Watch",
    headers: { "content-type": "application/connect+json" },
  },
  "a stream of gRPC": { path: "/grpc.health.v1.Health/Watch", headers: GRPC },
  "a method without a content type": { path: "/hearth.v1.JobService/ListJobs" },
  REST: { method: "GET", path: "/v1/jobs" },
  "REST by a method that it does not have": { method: "DELETE", path: "/v1/nodes" },
  "a path of neither": { method: "GET", path: "/nothing" },
  "spark-jobserver's API": { method: "GET", path: "/jobs" },
  "an upload to spark-jobserver's API": { path: "/jars/x" },
  "a page": { method: "GET", path: "/" },
  "the OpenAPI document": { method: "GET", path: "/openapi.json" },
  metrics: { method: "GET", path: "/metrics" },
  "a preflight": {
    method: "OPTIONS",
    path: "/v1/jobs",
    headers: { origin: "http://localhost:1", "access-control-request-method": "POST" },
  },
  "an expectation": { path: "/v1/jobs", headers: { ...JSON_TYPE, expect: "100-continue" } },
  "an expectation that nobody has": { path: "/v1/jobs", headers: { ...JSON_TYPE, expect: "the moon" } },
  "a tunnel": { method: "CONNECT", path: "/" },
  "a page of a foreign origin": { method: "GET", path: "/v1/jobs", headers: { origin: "http://foreign.example" } },
};

/** What follows the head, at once: the body, its end and a reset, in all orders that may hit an answer on its way. */
const ENDS = {
  "a reset": [reset(1)],
  "an empty end, then a reset": [frame({ type: FRAME.DATA, flags: FLAG.END_STREAM, stream: 1 }), reset(1)],
  "half a message, then a reset": [
    frame({ type: FRAME.DATA, stream: 1, payload: Buffer.from([0, 0, 0, 0, 9, 1]) }),
    reset(1, 0),
  ],
};

for (const [kind, request] of Object.entries(REQUESTS)) {
  test.each(Object.entries(ENDS))(`${kind}, then %s, ends nothing`, async (_, end) => {
    const { hostname, port } = new URL(abused.hearth.url);
    const head = frame({
      type: FRAME.HEADERS,
      flags: FLAG.END_HEADERS,
      stream: 1,
      payload: headerBlock(requestHeaders(request)),
    });
    for (const turns of [0, 0, 0, 1, 2, 3, 5, 8]) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      await once(socket, "connect");
      if (turns === 0) socket.write(Buffer.concat([PREFACE, settings(), head, ...end]));
      else {
        socket.write(Buffer.concat([PREFACE, settings(), head]));
        for (let count = 0; count < turns; count++) await turn();
        socket.write(Buffer.concat(end));
      }
      // The answer to a ping comes after all that was sent before it was looked at.
      socket.write(frame({ type: FRAME.PING, payload: Buffer.alloc(8) }));
      await once(socket, "data");
      socket.destroy();
    }
  });
}

test.each([
  ["REST", "/v1/jobs"],
  ["Connect", "/hearth.v1.JobService/SubmitJob"],
  ["spark-jobserver's API", "/contexts/late"],
  ["an upload", "/v1/binaries/late"],
  ["an upload to spark-jobserver's API", "/jars/late"],
])("a body of %s that does not end in time ends its stream alone", async (_, path) => {
  const session = http2.connect(abused.hearth.url);
  const stream = session.request({ ":method": "POST", ":path": path, ...JSON_TYPE }, { endStream: false });
  stream.on("error", () => {});
  stream.write("{");
  stream.resume();
  await new Promise<void>((resolve) => stream.once("close", resolve));
  session.close();
});

test("a connection closes when its client violates the protocol after GOAWAY", async () => {
  const { hostname, port } = new URL(abused.hearth.url);
  const socket = connect(Number(port), hostname).resume();
  const head = headerBlock(requestHeaders({ path: "/v1/jobs:run", headers: JSON_TYPE }));
  const frames = [
    settings([[4, 0]]),
    frame({ type: FRAME.HEADERS, flags: FLAG.END_HEADERS, stream: 1, payload: head }),
    frame({ type: FRAME.GOAWAY, payload: new Uint8Array(8) }),
    frame({ type: FRAME.DATA, stream: 7, payload: Buffer.from("{}") }),
  ];
  socket.write(Buffer.concat([PREFACE, ...frames]));
  await until("the gateway closes the connection", () => socket.readableEnded || socket.destroyed);
});

test("stream resets log no errors", () => {
  expect(lines.filter((line) => /"level":[56]0|failed/.test(line))).toEqual([]);
});
