import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { z } from "zod";
import fs from "../../../plugins/blobs-fs/mod.ts";
import { type BlobStore, definePlugin, StoreUnavailable } from "../../../plugins/contract/mod.ts";
import { startPluginServer } from "../../../plugins/remote-server/mod.ts";
import { BlobService, loadService, PutBlobRequestSchema } from "../../../proto/remote_plugin.ts";
import { collect } from "../../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { startPluginProcess, startRemote } from "../../../test/plugins/server.ts";
import { until } from "../../../test/until.ts";

const MIB = 1024 * 1024;
const log = { info() {}, warn() {} };
const unavailable = { name: "ConnectError", code: status.UNAVAILABLE };

/** A directory with blobs, the socket of a plugin that serves them, and the gateway's client of it. */
async function createPlace() {
  const directory = await createTemporaryDirectory();
  const path = join(directory.path, "blobs");
  const listen = `unix:${join(directory.path, "s")}`;
  return {
    path,
    startProcess: () => startPluginProcess("blobs-fs", { listen }),
    open: (options = {}) => startRemote("blobs", listen, { config: { path }, ...options }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

/** A blob store with some methods replaced, and the gateway's client of it. */
async function openCustom(methods: Partial<BlobStore>, options = {}) {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await createTemporaryDirectory());
  const odd = definePlugin({
    kind: "blobs",
    name: "odd",
    config: z.strictObject({}),
    start: async (start) => ({ ...(await fs.start({ ...start, config: { path: directory.path } })), ...methods }),
  });
  const served = stack.use(await startPluginServer(odd, { listen: "127.0.0.1:0", log }));
  const store = stack.use(await startRemote("blobs", served.address, options));
  const opened = stack.move();
  return { store, address: served.address, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function isThere(store: BlobStore): Promise<boolean> {
  const [asked] = await Promise.allSettled([store.renew("")]);
  return asked.status === "fulfilled";
}

function digestOf(content: Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

test("put() rejects with Unavailable and stores nothing if the plugin dies; the next process accepts the next put()", async () => {
  await using place = await createPlace();
  const first = await place.startProcess();
  await using store = await place.open();
  async function* untilDeath() {
    yield new Uint8Array(MIB);
    await first.kill();
    for (;;) yield new Uint8Array(MIB);
  }

  await expect(store.put(untilDeath())).rejects.toMatchObject(unavailable);
  await expect(collect(store.list())).rejects.toMatchObject(unavailable);
  await expect(store.open(digestOf(new Uint8Array(MIB)))).rejects.toMatchObject(unavailable);

  await using _second = await place.startProcess();
  await until("the plugin answers", () => isThere(store));
  expect(await collect(store.list())).toEqual([]);
  expect(await readdir(join(place.path, "tmp"))).toEqual([]);
  async function* content() {
    yield new Uint8Array(MIB);
  }
  expect(await store.put(content())).toEqual({ digest: digestOf(new Uint8Array(MIB)), sizeBytes: MIB });
});

test("a completed put() survives a kill of the plugin", async () => {
  await using place = await createPlace();
  const first = await place.startProcess();
  await using store = await place.open();
  const contents = Array.from({ length: 20 }, (_, n) => new Uint8Array(n * 1000).fill(n));
  await Promise.all(contents.map((content) => store.put(content)));
  await first.kill();

  await using _second = await place.startProcess();
  await until("the plugin answers", () => isThere(store));

  for (const content of contents) {
    const stream = await store.open(digestOf(content));
    expect(stream && Buffer.compare(Buffer.concat(await collect(stream)), content)).toBe(0);
  }
});

test("the first put() of a stream after a restart of the plugin succeeds", async () => {
  await using place = await createPlace();
  const first = await place.startProcess();
  await using store = await place.open();
  await first[Symbol.asyncDispose]();
  await using _second = await place.startProcess();
  async function* content() {
    yield new Uint8Array(10);
  }

  await until("the content is stored", async () => {
    const [put] = await Promise.allSettled([store.put(content())]);
    // Calls fail until the connection is re-established, and succeed afterwards.
    if (put.status === "rejected") expect(put.reason.cause).toMatchObject({ code: status.UNAVAILABLE });
    return put.status === "fulfilled";
  });
});

test("a stream errors with Unavailable when its plugin dies", async () => {
  await using place = await createPlace();
  await using plugin = await place.startProcess();
  await using store = await place.open();
  const { digest } = await store.put(new Uint8Array(20 * MIB));
  const reader = (await store.open(digest))?.getReader();
  await reader?.read();

  await plugin.kill();

  const rest = async () => {
    while (!(await reader?.read())?.done);
  };
  await expect(rest()).rejects.toMatchObject(unavailable);
});

test("a stream errors at the end if its bytes do not match the digest", async () => {
  const other = new Uint8Array(10).fill(1);
  await using odd = await openCustom({ open: async () => ReadableStream.from([other]) });
  const digest = digestOf(new Uint8Array(10));

  const stream = await odd.store.open(digest);

  const read = stream ? collect(stream) : Promise.resolve();
  await expect(read).rejects.toThrow(`Cannot read blob "${digest}": the plugin returned "${digestOf(other)}"`);
});

test("put() rejects with the plugin's error and cancels the content if the plugin fails half-way", async () => {
  await using odd = await openCustom({
    async put(content) {
      if (!(content instanceof Uint8Array)) for await (const _chunk of content) throw new Error("disk is full");
      throw new Error("there was no stream");
    },
  });
  let isReleased = false;
  async function* endless() {
    try {
      for (;;) yield new Uint8Array(MIB);
    } finally {
      isReleased = true;
    }
  }

  await expect(odd.store.put(endless())).rejects.toMatchObject({ name: "RemoteCallError", message: "disk is full" });
  expect(isReleased).toBe(true);
});

test("an unusable blob store reports its state, for calls and streams", async () => {
  const fail = () => Promise.reject(new StoreUnavailable("failing", "EIO on /secret"));
  const open = async () => new ReadableStream<Uint8Array>({ pull: fail });
  await using odd = await openCustom({ put: fail, renew: fail, open });
  const failing = { ...unavailable, message: expect.stringContaining("cannot read or write its disk") };
  await expect(odd.store.put(new Uint8Array(1))).rejects.toMatchObject(failing);
  await expect(odd.store.renew("")).rejects.toMatchObject(failing);
  await expect(odd.store.open("")).rejects.toMatchObject(failing);
});

test("put() reads no faster than the plugin, and times out without a response", async () => {
  await using odd = await openCustom({ put: () => new Promise(() => {}) }, { timeoutMs: 2000 });
  let chunks = 0;
  async function* endless() {
    for (; ; chunks++) yield new Uint8Array(MIB);
  }

  await expect(odd.store.put(endless())).rejects.toMatchObject(unavailable);
  expect(chunks).toBeLessThan(50);
});

test("a stream is read no faster than it is consumed, and does not time out while its consumer pauses", async () => {
  let chunks = 0;
  let isReleased = false;
  async function* endless() {
    try {
      for (; ; chunks++) yield new Uint8Array(MIB);
    } finally {
      isReleased = true;
    }
  }
  await using odd = await openCustom({ open: async () => ReadableStream.from(endless()) }, { timeoutMs: 2000 });
  const reader = (await odd.store.open(digestOf(new Uint8Array())))?.getReader();
  await reader?.read();

  const rested = Date.now() + 4000;
  await until("the consumer has rested", () => Date.now() > rested);

  expect(chunks).toBeLessThan(50);
  expect(await reader?.read()).toMatchObject({ done: false });
  await reader?.cancel();
  await until("the content is let go", () => isReleased);
});

test("a read times out if the plugin does not respond", async () => {
  const silent = { open: () => new Promise<never>(() => {}), renew: () => new Promise<never>(() => {}) };
  await using odd = await openCustom(silent, { timeoutMs: 2000 });

  await expect(odd.store.open(digestOf(new Uint8Array()))).rejects.toMatchObject(unavailable);
  await expect(odd.store.renew(digestOf(new Uint8Array()))).rejects.toMatchObject(unavailable);
});

test.each([
  ["without its end", [], "the content has no end"],
  ["with the end of another", [end(9)], "not the one that was sent"],
  ["that continues after its end", [end(10), chunk(1)], "goes on after its end"],
  ["with a message of nothing", [{ case: undefined }], "neither chunk nor end"],
])("the server stores nothing of a content %s", async (_what, parts, fault) => {
  await using odd = await openCustom({});
  const definition = await loadService(BlobService);
  const client = new Client(odd.address.replace("grpc://", ""), credentials.createInsecure());
  const { path = "", requestSerialize, responseDeserialize } = definition["PutBlob"] ?? {};
  const answered = Promise.withResolvers<unknown>();
  const answer = (error: ServiceError | null) => answered.resolve(error?.details);
  const call = client.makeClientStreamRequest(path, requestSerialize as never, responseDeserialize as never, answer);

  for (const part of [chunk(10), ...parts]) call.write(create(PutBlobRequestSchema, { part }));
  call.end();

  expect(await answered.promise).toContain(fault);
  expect(await collect(odd.store.list())).toEqual([]);
  client.close();
});

function chunk(sizeBytes: number) {
  return { case: "chunk", value: new Uint8Array(sizeBytes) } as const;
}

function end(sizeBytes: number) {
  const digest = digestOf(new Uint8Array(sizeBytes));
  return { case: "end", value: { digest, sizeBytes: BigInt(sizeBytes) } } as const;
}
