import { type AddressInfo, createServer } from "node:net";
import { inspect } from "node:util";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeBlobs } from "../../test/contract/blobs_suite.ts";
import { collect } from "../../test/contract/samples.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import type { BlobStore } from "../contract/mod.ts";
import { openBucket } from "./bucket.ts";
import { configSchema } from "./config.ts";
import nats from "./mod.ts";
import { sweep } from "./sweep.ts";
import { damageBlob } from "./testing/damage.ts";

const log = { info() {}, warn() {} };

let server: TestNatsServer;
let buckets = 0;

beforeAll(async () => {
  server = await startTestNatsServer();
});

afterAll(() => server[Symbol.asyncDispose]());

function start(bucket: string): Promise<BlobStore> {
  const config = configSchema.parse({ url: server.url, bucket });
  return nats.start({ config, log, signal: new AbortController().signal });
}

describeBlobs("blobs-nats", async () => {
  buckets += 1;
  const bucket = `blobs-${buckets}`;
  return {
    open: () => start(bucket),
    damage: (digest) => damageBlob(digest, { url: server.url, bucket }),
    async [Symbol.asyncDispose]() {},
  };
});

test("a blob is an ordinary object for any client of NATS", async () => {
  await using store = await start("ordinary");
  const content = new Uint8Array(300_000).map((_, n) => n * 7);
  const { digest } = await store.put(content);
  await store.renew(digest);

  const connection = await connect({ servers: server.url });
  const objects = await new Objm(connection).open("ordinary");
  expect(Buffer.compare((await objects.getBlob(digest)) ?? new Uint8Array(), content)).toBe(0);
  expect((await objects.list()).map(({ name, size }) => ({ name, size }))).toEqual([{ name: digest, size: 300_000 }]);
  await connection.close();
});

test("the sweep removes only chunks of deleted blobs, after a grace period", async () => {
  const bucket = await openBucket(configSchema.parse({ url: server.url, bucket: "swept" }));
  await using _closed = bucket;
  await using store = await start("swept");
  const kept = await store.put(new Uint8Array(1000));
  const deleted = await store.put(new Uint8Array(2000));
  await store.delete(deleted.digest);
  const later = Date.now() + 2 * 24 * 60 * 60_000;
  const chunks = async () =>
    (await bucket.jsm.streams.info(bucket.stream, { subjects_filter: "$O.swept.C.>" })).state.subjects;

  expect((await sweep(bucket, { seenBefore: new Set(), now: Date.now() })).size).toBe(0);
  const orphans = await sweep(bucket, { seenBefore: new Set(), now: later });
  expect([orphans.size, Object.keys((await chunks()) ?? {}).length]).toEqual([1, 2]);
  expect((await sweep(bucket, { seenBefore: orphans, now: later })).size).toBe(0);

  expect(Object.keys((await chunks()) ?? {})).toHaveLength(1);
  const stream = await store.open(kept.digest);
  expect(stream && Buffer.concat(await collect(stream))).toHaveLength(1000);
});

test("a deleted store is created again and accepts new blobs", async () => {
  await using bucket = await openBucket(configSchema.parse({ url: server.url, bucket: "deleted" }));
  await using store = await start("deleted");
  const lost = await store.put(new Uint8Array(10));
  await bucket.jsm.streams.delete(bucket.stream);

  const isWell = () =>
    store.checkHealth().then(
      () => true,
      () => false,
    );
  await expect.poll(isWell, { timeout: 10_000 }).toBe(true);
  const { digest } = await store.put(new Uint8Array(20));
  expect([await store.open(lost.digest), await store.renew(digest)]).toEqual([undefined, true]);
});

test("a store without space is full", async () => {
  const bucket = await openBucket(configSchema.parse({ url: server.url, bucket: "small" }));
  await using _closed = bucket;
  await using store = await start("small");
  const { config } = await bucket.jsm.streams.info(bucket.stream);
  await bucket.jsm.streams.update(bucket.stream, { ...config, max_bytes: 100_000 });
  await expect(store.put(new Uint8Array(200_000))).rejects.toMatchObject({ name: "StoreUnavailable", state: "full" });
});

test("a store rejects while NATS is unavailable, and recovers", async () => {
  await using store = await start("away");
  const { digest } = await store.put(new Uint8Array(10));
  await server.stop();

  await expect(store.checkHealth({ signal: AbortSignal.timeout(300) })).rejects.toThrow();
  await server.start();

  await expect
    .poll(() =>
      store.checkHealth().then(
        () => "healthy",
        () => "away",
      ),
    )
    .toBe("healthy");
  expect(await store.renew(digest)).toBe(true);
});

test("start() reports the server that it cannot reach", async () => {
  const config = configSchema.parse({ url: "nats://127.0.0.1:1", user: "u", password: "secret" });
  const [started] = await Promise.allSettled([nats.start({ config, log, signal: new AbortController().signal })]);

  expect(started).toMatchObject({
    status: "rejected",
    reason: { message: expect.stringContaining("nats://127.0.0.1:1: ") },
  });
  expect(inspect(started, { depth: 10 })).not.toContain("secret");
});

test("start() waits for an unavailable server, but not for an impossible configuration", async () => {
  const failure = async (options: object): Promise<unknown> => {
    const config = configSchema.parse({ url: server.url, bucket: "asked", ...options });
    const [started] = await Promise.allSettled([nats.start({ config, log, signal: new AbortController().signal })]);
    return started.status === "rejected" ? started.reason : undefined;
  };
  // Like a published port or a load balancer while its server is down.
  const closing = createServer((socket) => void socket.end());
  await new Promise<void>((listening) => void closing.listen(0, "127.0.0.1", listening));
  const { port } = closing.address() as AddressInfo;
  expect(await failure({ url: `nats://127.0.0.1:${port}` })).toMatchObject({ name: "StoreUnavailable", state: "away" });
  closing.close();
  expect(await failure({ replicas: 3 })).toMatchObject({ name: "Error", message: expect.stringContaining("replicas") });
});
