import { expect, test } from "vitest";
import type { HttpRequest } from "../../../lib/transcode/mod.ts";
import { errorInfo } from "../../../proto/errors.ts";
import { createOriginCheck, type OriginOptions } from "./origins.ts";

const OPEN: OriginOptions = { allowed: undefined, isOpen: true, host: "127.0.0.1" };
const EXPOSED: OriginOptions = { ...OPEN, host: "0.0.0.0" };
const LISTED: OriginOptions = { ...OPEN, allowed: ["https://page.example"] };
const GUARDED: OriginOptions = { allowed: undefined, isOpen: false, host: "0.0.0.0" };

/** Headers, with `localhost:8090` as the default `host`, and the request line, by default `GET /jobs`. */
interface Head {
  readonly headers: Readonly<Record<string, string>>;
  readonly line?: string;
}

function reasonOf(options: OriginOptions, { headers, line = "GET /jobs" }: Head): string | undefined {
  const [method, url] = line.split(" ");
  const request = { method, url, headers: { host: "localhost:8090", ...headers } };
  const refused = createOriginCheck(options)(request as unknown as HttpRequest);
  return refused && errorInfo(refused)?.reason;
}

const FOREIGN: readonly Head[] = [
  { headers: { origin: "https://page.example" } },
  { headers: { origin: "null" } },
  { headers: { origin: "http://localhost.page.example" } },
  { headers: { origin: "http://127.0.0.1.page.example:8090" } },
  { headers: { origin: "file://localhost" } },
  { headers: { origin: "" } },
  { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" } },
  {
    headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
    line: "GET /jobs/1?a=b&%5Fmethod=DELETE",
  },
  { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" }, line: "POST /jobs" },
];

test.each(FOREIGN)("createOriginCheck() refuses %j where anybody is let in", (head) => {
  expect(reasonOf(OPEN, head)).toBe("ORIGIN_REFUSED");
});

test.each(FOREIGN)("createOriginCheck() lets %j in where callers are asked who they are", (head) => {
  expect(reasonOf(GUARDED, head)).toBeUndefined();
});

test.each<Head>([
  { headers: {} },
  { headers: { origin: "http://localhost:3000" } },
  { headers: { origin: "https://127.0.0.1" } },
  { headers: { origin: "http://[::1]:8090", host: "[::1]:8090" } },
  { headers: { "sec-fetch-site": "same-origin" } },
  { headers: { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" } },
  { headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" } },
  { headers: { host: "LOCALHOST" } },
  { headers: { host: "127.1.2.3:80" } },
  { headers: { host: "[::1]:8090" } },
  { headers: { host: "[0:0:0:0:0:0:0:1]:8090" } },
  { headers: { host: "[::ffff:127.0.0.1]:8090" } },
  { headers: { host: "hearth.localhost:8090" } },
  { headers: { host: "page.example", ":authority": "localhost:8090" } },
])("createOriginCheck() lets %j in where anybody is", (head) => {
  expect(reasonOf(OPEN, head)).toBeUndefined();
});

test.each<Head>([
  { headers: { host: "page.example:8090" } },
  { headers: { host: "page.example:8090", origin: "http://page.example:8090" } },
  { headers: { ":authority": "page.example" } },
  { headers: { host: "10.0.0.1" } },
  { headers: { host: "localhost.page.example" } },
])("createOriginCheck() refuses %j, as which a gateway on loopback is not called", (head) => {
  expect(reasonOf(OPEN, head)).toBe("HOST_REFUSED");
});

test.each<[head: Head, reason: string | undefined]>([
  [{ headers: { host: "gateway:8090" } }, undefined],
  [{ headers: { host: "10.0.0.1:8090", origin: "http://10.0.0.1:8090" } }, undefined],
  [{ headers: { host: "page.example:8090", origin: "http://page.example:8090" } }, "ORIGIN_REFUSED"],
  [{ headers: { host: "10.0.0.1:8090", origin: "https://page.example" } }, "ORIGIN_REFUSED"],
])("createOriginCheck() says of %j, to a gateway that other machines reach: %s", (head, reason) => {
  expect(reasonOf(EXPOSED, head)).toBe(reason);
});

test.each<[head: Head, reason: string | undefined]>([
  [{ headers: { origin: "https://page.example" } }, undefined],
  [{ headers: { origin: "https://page.example", host: "page.example" } }, undefined],
  [{ headers: { origin: "http://page.example" } }, "ORIGIN_REFUSED"],
  [{ headers: { origin: "http://localhost:8090" } }, undefined],
  [{ headers: { origin: "http://localhost:3000" } }, "ORIGIN_REFUSED"],
])("createOriginCheck() says of %j, to a gateway with a list of origins: %s", (head, reason) => {
  expect(reasonOf(LISTED, head)).toBe(reason);
});

test("createOriginCheck() lets in all with *", () => {
  const head = { headers: { origin: "https://page.example", host: "page.example" } };
  expect(reasonOf({ ...OPEN, allowed: "*" }, head)).toBeUndefined();
});
