import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type HttpReceiver, startHttpReceiver } from "../../http/receiver.ts";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

let abused: AbusedHearth;
/** A server beside the gateway that nobody may reach through it. */
let inner: HttpReceiver;
beforeAll(async () => {
  inner = await startHttpReceiver();
  abused = await startAbusedHearth();
});
afterEach(async () => {
  await abused.expectWell();
  expect(inner.received).toEqual([]);
});
afterAll(async () => {
  await abused?.[Symbol.asyncDispose]();
  await inner?.[Symbol.asyncDispose]();
});

const SPEC = { binary: "echo", entryPoint: "echo", context: "shared" };

describe("a callback does not reach addresses that only the gateway can reach", () => {
  const ADDRESSES = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST.",
    "x.localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "\u2460\u2461\u2466.0.0.1",
    "user:pass@127.0.0.1",
  ];

  test.each(ADDRESSES)("at %s", async (host) => {
    const callbackUrl = `http://${host}:${inner.port}/inside`;
    const rest = await abused.rest.call("POST", "/v1/jobs", { ...SPEC, callbackUrl });
    expect([rest.status, rest.body]).toEqual([400, expect.objectContaining({ code: "invalid_argument" })]);
    const query = new URLSearchParams({ appName: "echo", classPath: "echo", context: "shared", callbackUrl });
    expect((await abused.rest.call("POST", `/jobs?${query}`, "")).status).toBeGreaterThanOrEqual(400);
  });

  test.each([
    "http://169.254.169.254/latest/meta-data",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://[fe80::1]/",
  ])("nor the machine's neighbours: %s", async (callbackUrl) => {
    expect((await abused.rest.call("POST", "/v1/jobs", { ...SPEC, callbackUrl })).status).toBe(400);
  });

  test.each([
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "data:text/plain,x",
    "javascript:1",
    "http://",
    "//x",
    "nats://x",
  ])("by another scheme: %s", async (callbackUrl) => {
    expect((await abused.rest.call("POST", "/v1/jobs", { ...SPEC, callbackUrl })).status).toBe(400);
  });
});

describe("a class path does not load from URLs", () => {
  test.each(["http", "ftp", "file", "jar", "gopher", "HTTP"])("by %s", async (scheme) => {
    const uri = `${scheme}://127.0.0.1:${inner.port}/evil.jar`;
    const body = JSON.stringify({ cp: [uri], mainClass: "echo" });
    expect((await abused.rest.call("POST", "/jobs", body)).status).toBe(400);
    const query = new URLSearchParams({ cp: uri, mainClass: "echo" });
    expect((await abused.rest.call("POST", `/jobs?${query}`, "")).status).toBe(400);
  });

  test("next to an existing binary", async () => {
    const cp = `http://127.0.0.1:${inner.port}/evil.jar,echo`;
    const query = new URLSearchParams({ cp, mainClass: "echo", context: "shared", sync: "true" });
    expect((await abused.rest.call("POST", `/jobs?${query}`, "a = 1")).body).toMatchObject({ result: { a: 1 } });
  });

  test("nor by the URIs of a context", async () => {
    const uris = `dependent-jar-uris=["http://127.0.0.1:${inner.port}/evil.jar"]`;
    expect((await abused.rest.call("POST", "/contexts/reaching", uris)).status).toBe(200);
  });
});

test.each([`import "http://127.0.0.1:PORT/x.js"`, `export const x = () => import("http://127.0.0.1:PORT/x.js")`])(
  "the bundler fetches nothing: %s",
  async (source) => {
    const { status } = await abused.rest.call("PUT", "/v1/binaries/fetching", source.replace("PORT", `${inner.port}`));
    expect(status).toBe(400);
  },
);

test("a HOCON config cannot include URLs or files", async () => {
  for (const include of [`url("http://127.0.0.1:${inner.port}/x")`, 'file("/etc/passwd")', '"/etc/passwd"']) {
    const path = "/jobs?appName=echo&classPath=echo&context=shared&sync=true";
    expect((await abused.rest.call("POST", path, `include ${include}`)).status).toBe(400);
  }
});
