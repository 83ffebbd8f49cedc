import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { send } from "./client.ts";
import { PROGRAM } from "./programs.ts";

const RUNS = 150;

let hearth: Hearth;

beforeAll(async () => {
  hearth = await startHearth();
  const rest = createRest(hearth.url);
  await rest.upload("values", PROGRAM);
  await rest.createContext("shared");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

const METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
const PREFIXES = ["jobs", "contexts", "binaries", "jars", "data", "healthz", "metricz", "metrics"];

const TARGETS_WITH_BODY = [
  "/jobs?appName=values&classPath=Null&context=shared&sync=true",
  "/jobs?appName=values&classPath=Null&context=shared",
  "/contexts/1?a=b",
  "/data/any",
  "/jars/any",
  "/binaries/any",
];

/** Bytes that come near what is parsed. */
const nearHocon = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'{}[]=:,+.$?"\\#\n ',
        "${",
        "${?",
        '"""',
        "include",
        "//",
        "+=",
        "a",
        "1",
        "e",
        "null",
        "spark",
      ),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join("")));

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  nearHocon,
);

const anySegment = fc.oneof(
  fc.uint8Array({ maxLength: 12 }).map((bytes) => Array.from(bytes, percent).join("")),
  fc.constantFrom(
    "",
    "..",
    "%",
    "%zz",
    "%00",
    "none",
    "shared",
    "%2e%2e%2fetc",
    "a@1",
    "config",
    "*",
    "😀".length.toString(),
  ),
);

const anyQuery = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom("limit", "status", "sync", "timeout", "reset", "force", "_method", "appName", "cp", "context"),
        fc.constantFrom("classPath", "mainClass", "callbackUrl", "spark.proxy.user", "dependent-jar-uris"),
        anySegment,
      ),
      fc.oneof(
        fc.constantFrom("true", "reboot", "1", "-1", "99999999999", "running", "PUT", "values", "Null"),
        fc.constantFrom(
          "file:///etc/passwd",
          "http://127.0.0.1:1/a",
          "https://[::1]/",
          "ftp://a/b",
          "local:",
          "s3://a",
        ),
        anySegment,
      ),
    ),
    { maxLength: 4 },
  )
  .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join("&"));

test("every body gets an answer in the envelope", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...TARGETS_WITH_BODY), anyBytes, async (target, body) => {
      expectEnvelope("POST", await send(hearth.url, { method: "POST", target, body }));
    }),
    { numRuns: RUNS },
  );
  await expectAlive();
});

test("every path and query gets an answer in the envelope", async () => {
  const target = fc
    .tuple(fc.constantFrom(...PREFIXES), fc.array(anySegment, { maxLength: 4 }), anyQuery)
    .map(([prefix, segments, query]) => `/${[prefix, ...segments].join("/")}?${query}`);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...METHODS), target, async (method, path) => {
      // A stop of all contexts is an answer like others, but it takes `shared` from those that follow.
      fc.pre(!/reset=reboot/.test(path));
      expectEnvelope(method, await send(hearth.url, { method, target: path }));
    }),
    { numRuns: RUNS },
  );
  await expectAlive();
});

test("no bytes on the connection harm the gateway", async () => {
  const begun = fc.tuple(
    fc.constantFrom(
      "",
      "GET /jobs",
      "POST /jobs HTTP/1.1\r\nHost: a\r\n",
      "GET /jobs/\u0000 HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    fc.uint8Array({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(begun, async ([start, rest]) => {
      const { hostname, port } = new URL(hearth.url);
      const socket = connect(Number(port), hostname);
      const closed = Promise.withResolvers<void>();
      // A reset connection is a refusal too.
      socket.on("error", () => socket.destroy());
      socket.on("close", () => closed.resolve());
      socket.resume();
      socket.write(Buffer.from(start, "latin1"));
      socket.end(Buffer.from(rest));
      await closed.promise;
    }),
    { numRuns: RUNS },
  );
  await expectAlive();
});

/** Statuses of the table of routes, each with a body of its kind. */
function expectEnvelope(method: string, { status, headers, text }: Awaited<ReturnType<typeof send>>): void {
  expect([200, 201, 202, 400, 403, 404, 405, 409, 413, 415, 500, 503]).toContain(status);
  const type = headers["content-type"];
  if (method === "HEAD" || status === 202) return;
  if (type === "application/json") expect(() => JSON.parse(text)).not.toThrow();
  else expect(type).toMatch(/^text\/plain/);
  if (status === 500) expect(text).not.toContain("InternalError");
}

async function expectAlive(): Promise<void> {
  const { text } = await send(hearth.url, { method: "GET", target: "/healthz" });
  expect(text).toBe('{"status":"SUCCESS"}');
}

function percent(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}
