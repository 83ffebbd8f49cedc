import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { JobSpecSchema, SubmitJobRequestSchema } from "../../../proto/mod.ts";
import { type AbusedHearth, startAbusedHearth } from "./abused_hearth.ts";

/** Processor time that the gateway may take for one request, all that it does beside it and a machine at half the speed included. */
const MOST_CPU_MS = 250;

let abused: AbusedHearth;
beforeAll(async () => {
  abused = await startAbusedHearth();
});
afterEach(() => abused.expectWell());
afterAll(() => abused?.[Symbol.asyncDispose]());

const SPEC = { binary: "echo", entryPoint: "echo", context: "shared" };

interface Sent {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array<ArrayBuffer> | string;
}

function enveloped(message: Uint8Array, flags = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(5 + message.length);
  bytes[0] = flags;
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, 5);
  return bytes;
}

function binary(config: object): Uint8Array<ArrayBuffer> {
  const job = create(JobSpecSchema, { ...SPEC, config: config as Record<string, never> });
  return Uint8Array.from(toBinary(SubmitJobRequestSchema, create(SubmitJobRequestSchema, { job })));
}

const METHOD = "/hearth.v1.JobService/SubmitJob";
const wrapped = (config: string): string =>
  `{"job":{"binary":"echo","entryPoint":"echo","context":"shared","config":${config}}}`;

/** A submission with a config, of which both forms are given, on each API. */
const APIS: Readonly<Record<string, (config: string, parsed: () => object) => Sent>> = {
  REST: (config) => ({
    path: "/v1/jobs",
    headers: { "content-type": "application/json" },
    body: `{"binary":"echo","entryPoint":"echo","context":"shared","config":${config}}`,
  }),
  "Connect, JSON": (config) => ({
    path: METHOD,
    headers: { "content-type": "application/json" },
    body: wrapped(config),
  }),
  "Connect, JSON, compressed": (config) => ({
    path: METHOD,
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
    body: Uint8Array.from(gzipSync(wrapped(config))),
  }),
  "Connect, binary": (_, parsed) => ({
    path: METHOD,
    headers: { "content-type": "application/proto" },
    body: binary(parsed()),
  }),
  "gRPC-Web": (_, parsed) => ({
    path: METHOD,
    headers: { "content-type": "application/grpc-web" },
    body: enveloped(binary(parsed())),
  }),
  "gRPC-Web, compressed": (_, parsed) => ({
    path: METHOD,
    headers: { "content-type": "application/grpc-web", "grpc-encoding": "gzip" },
    body: enveloped(gzipSync(binary(parsed())), 1),
  }),
  "gRPC-Web, JSON": (config) => ({
    path: METHOD,
    headers: { "content-type": "application/grpc-web+json" },
    body: enveloped(Buffer.from(wrapped(config))),
  }),
  "spark-jobserver": (config) => ({
    path: "/jobs?appName=echo&classPath=echo&context=shared",
    headers: { "content-type": "text/plain" },
    body: config,
  }),
};

/** What is sent, and the processor time that the gateway took for it, in milliseconds: the least of three, for others run meanwhile. */
async function send({ path, headers, body }: Sent): Promise<{ status: number; text: string; cpuMs: number }> {
  const attempts: { status: number; text: string; cpuMs: number }[] = [];
  for (let count = 0; count < 3; count++) {
    const before = abused.cpuMs();
    const response = await fetch(abused.hearth.url + path, { method: "POST", headers, body });
    const told = decodeURIComponent(response.headers.get("grpc-message") ?? "");
    // gRPC-Web has its trailers in the body, with blanks in percent-encoding.
    const text = `${told} ${(await response.text()).replaceAll("%20", " ")}`;
    attempts.push({ status: response.status, text, cpuMs: abused.cpuMs() - before });
  }
  return attempts.reduce((least, each) => (each.cpuMs < least.cpuMs ? each : least));
}

describe.each(Object.entries(APIS))("%s", (api, sent) => {
  const count = api.includes("JSON") || api === "spark-jobserver" ? 300_000 : 400_000;

  test.each([
    ["empty objects", (n: number) => `[${Array(n).fill("{}").join(",")}]`],
    ["empty lists", (n: number) => `[${Array(n).fill("[]").join(",")}]`],
    ["numbers", (n: number) => `[${Array(n).fill("1").join(",")}]`],
    ["names", (n: number) => `{${Array.from({ length: n / 10 }, (_, index) => `"k${index}":1`).join(",")}}`],
  ])("refuses many %s without decoding them", async (_, many) => {
    const text = `{"a":${many(count)}}`;
    const { status, text: answer, cpuMs } = await send(sent(text, () => JSON.parse(text)));
    expect(answer).toMatch(/at most 20000 are taken|more than 10000 values and keys/);
    expect([200, 400]).toContain(status);
    expect(cpuMs).toBeLessThan(MOST_CPU_MS);
  });

  test.each([
    ["numbers", `[${Array(9000).fill("1").join(",")}]`],
    ["names that no other object has", `[${Array.from({ length: 2400 }, (_, index) => `{"k${index}":1}`).join(",")}]`],
    ["empty objects", `[${Array(9000).fill("{}").join(",")}]`],
  ])("takes as many %s as are taken, at little cost", async (_, value) => {
    const text = `{"a":${value}}`;
    const { status, text: answer, cpuMs } = await send(sent(text, () => JSON.parse(text)));
    expect([200, 202]).toContain(status);
    expect(answer).not.toMatch(/at most|grpc-status: [1-9]/);
    expect(cpuMs).toBeLessThan(MOST_CPU_MS);
  });
});

test.each([
  ["labels", "/v1/jobs", (many: object) => ({ ...SPEC, labels: many }), "job.labels: must have at most 64 entries"],
  [
    "env",
    "/v1/contexts",
    (many: object) => ({ settings: { env: many } }),
    "settings.env: must have at most 1024 entries",
  ],
])("refuses many %s without judging each", async (_, path, bodyWith, why) => {
  const many = Object.fromEntries(Array.from({ length: 9900 }, (_, index) => [`k${index}`, "v"]));
  const body = JSON.stringify(bodyWith(many));
  const { status, text, cpuMs } = await send({ path, headers: { "content-type": "application/json" }, body });
  expect(status).toBe(400);
  expect(text).toContain(`${why}, got 9900`);
  expect(cpuMs).toBeLessThan(100);
});

test("long JSON by RPC is refused, and the error says what to do instead", async () => {
  const { text } = await send({ ...(APIS["Connect, JSON"]?.(`{"a":"${"é".repeat(600_000)}"}`, Object) as Sent) });
  expect(text).toContain("by RPC at most 1048576 are taken; send application/proto, or use REST");
});

test("a result with many values is left out of the response and can be read separately", async () => {
  await abused.rest.upload("many", "export const many = () => Array(300_000).fill({});");
  const { job, result } = await abused.rest.run({ binary: "many", entryPoint: "many", context: "shared" });
  expect(result).toBeUndefined();
  const response = await fetch(`${abused.hearth.url}/v1/jobs/${job.id}/result`);
  expect(((await response.json()) as unknown[]).length).toBe(300_000);
});

test("/metrics says how long the event loop was blocked", async () => {
  const text = await (await fetch(`${abused.hearth.url}/metrics`)).text();
  for (const name of ["p50", "p99", "max"]) {
    const [, seconds = "NaN"] = new RegExp(`^nodejs_eventloop_lag_${name}_seconds ([\\d.e-]+)$`, "m").exec(text) ?? [];
    expect(Number(seconds)).toBeGreaterThanOrEqual(0);
    expect(Number(seconds)).toBeLessThan(10);
  }
});
