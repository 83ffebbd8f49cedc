import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { basicProof, passwordOf, writeUsers } from "../../auth/credentials.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { FLAG, FRAME, frame, headerBlock, PREFACE, requestHeaders, reset, settings } from "../../http/http2_frames.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { received } from "../abuse/abused_hearth.ts";

const stack = new AsyncDisposableStack();
const PROOF = basicProof("alice", passwordOf("alice"));
let hearth: Hearth;

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  const file = await writeUsers(path, { alice: ["all"] });
  const auth = [{ plugin: "hearth:auth-basic", config: { file } }];
  const config = { gateway: { auth, roles: { all: { permissions: ["*"] } } } };
  hearth = stack.use(await startHearth({ headers: PROOF, config }));
});

afterAll(() => stack.disposeAsync());

/** A frame RST_STREAM of the first request, but for its code. */
const RESET_BY_SERVER = reset(1).subarray(0, 9).toString("latin1");

describe("repeated headers that must be unique", () => {
  const proof = () => PROOF.authorization ?? "";

  async function say(head: readonly string[]): Promise<string> {
    const { hostname, port } = new URL(hearth.url);
    const socket = connect(Number(port), hostname);
    socket.write(`${head.join("\r\n")}\r\nconnection: close\r\n\r\n`);
    return received(socket);
  }

  /** Sends a request as HTTP/2 frames and returns all bytes received. */
  async function sayFrames(headers: readonly (readonly [string, string])[]): Promise<string> {
    const { hostname, port } = new URL(hearth.url);
    const socket = connect(Number(port), hostname);
    const flags = FLAG.END_HEADERS | FLAG.END_STREAM;
    const goAway = frame({ type: FRAME.GOAWAY, payload: Buffer.alloc(8) });
    socket.write(
      Buffer.concat([
        PREFACE,
        settings(),
        frame({ type: FRAME.HEADERS, flags, stream: 1, payload: headerBlock(headers) }),
        goAway,
      ]),
    );
    return received(socket);
  }

  test.each([
    ["Host", ["host: 127.0.0.1", "host: other.example"]],
    ["Host, twice the same", ["host: 127.0.0.1", "Host: 127.0.0.1"]],
    ["Authorization", ["host: 127.0.0.1", "authorization: Basic eDp5", "AUTHORIZATION: {proof}"]],
    ["X-API-Key", ["host: 127.0.0.1", "authorization: {proof}", "x-api-key: a", "x-api-key: b"]],
    [
      "Origin",
      ["host: 127.0.0.1", "authorization: {proof}", "origin: http://localhost", "origin: http://other.example"],
    ],
    ["Content-Length", ["host: 127.0.0.1", "authorization: {proof}", "content-length: 0", "content-length: 1"]],
  ])("are answered 400 over HTTP/1.1: %s", async (_, headers) => {
    for (const path of ["/v1/jobs", "/jobs", "/hearth.v1.JobService/ListJobs", "/healthz"]) {
      const answer = await say([`GET ${path} HTTP/1.1`, ...headers.map((line) => line.replace("{proof}", proof()))]);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    }
  });

  test("are answered 400 over HTTP/1.1: a host in the target and another in Host", async () => {
    const answer = await say([
      "GET http://other.example/v1/jobs HTTP/1.1",
      "host: 127.0.0.1",
      `authorization: ${proof()}`,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    const same = await say(["GET http://127.0.0.1/v1/jobs HTTP/1.1", "host: 127.0.0.1", `authorization: ${proof()}`]);
    expect(same).toMatch(/^HTTP\/1\.1 200 /);
  });

  test.each([
    [
      "Authorization",
      [
        ["authorization", "Basic eDp5"],
        ["authorization", "{proof}"],
      ],
    ],
    [
      "Host beside :authority",
      [
        ["authorization", "{proof}"],
        ["host", "other.example"],
      ],
    ],
    [
      "Host",
      [
        ["authorization", "{proof}"],
        ["host", "localhost"],
        ["host", "localhost"],
      ],
    ],
    [
      "X-API-Key",
      [
        ["authorization", "{proof}"],
        ["x-api-key", "a"],
        ["x-api-key", "b"],
      ],
    ],
  ] as const)("are refused over HTTP/2: %s", async (_, headers) => {
    for (const path of ["/v1/jobs", "/jobs", "/hearth.v1.JobService/ListJobs", "/healthz"]) {
      const head = requestHeaders({ method: "GET", path });
      const answer = await sayFrames([
        ...head,
        ...headers.map(([name, value]) => [name, value.replace("{proof}", proof())] as const),
      ]);
      const told = /HEADER_REPEATED|HOST_AMBIGUOUS|more than once|differs from the host/.test(answer);
      // nghttp2 itself may reset the stream.
      expect(told || answer.includes(RESET_BY_SERVER)).toBe(true);
    }
    const head = requestHeaders({
      method: "GET",
      path: "/v1/nodes",
      headers: { authorization: proof(), host: "localhost" },
    });
    expect(await sayFrames(head)).toContain("nodes");
  });
});
