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

/** A directory, the socket of a plugin there that keeps its blobs there, and the store that a gateway has of it. */
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

/** A store that does these things in its own way, and what a gateway has of it. */
async function openOdd(methods: Partial<BlobStore>, options = {}) {
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

test("a put() whose plugin dies rejects with Unavailable and leaves nothing; the next process takes the next one", async () => {
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

test("what put() answered is there after the plugin was killed", async () => {
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

test("the first put() of a stream to a plugin that was started anew since the last call is taken", async () => {
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
    // Until the connection is made again nothing reaches the plugin; then nothing is refused.
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

test("a plugin that answers other bytes than those of the digest is found out at the end", async () => {
  const other = new Uint8Array(10).fill(1);
  await using odd = await openOdd({ open: async () => ReadableStream.from([other]) });
  const digest = digestOf(new Uint8Array(10));

  const stream = await odd.store.open(digest);

  const read = stream ? collect(stream) : Promise.resolve();
  await expect(read).rejects.toThrow(`Cannot read blob "${digest}": its plugin answered "${digestOf(other)}"`);
});

test("a put() that the plugin refuses half-way rejects with its fault and lets go of the content", async () => {
  await using odd = await openOdd({
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

test("a blob store that cannot be used tells its state, of calls and of streams", async () => {
  const fail = () => Promise.reject(new StoreUnavailable("failing", "EIO on /secret"));
  const open = async () => new ReadableStream<Uint8Array>({ pull: fail });
  await using odd = await openOdd({ put: fail, renew: fail, open });
  const failing = { ...unavailable, message: expect.stringContaining("cannot read or write its disk") };
  await expect(odd.store.put(new Uint8Array(1))).rejects.toMatchObject(failing);
  await expect(odd.store.renew("")).rejects.toMatchObject(failing);
  await expect(odd.store.open("")).rejects.toMatchObject(failing);
});

test("a put() reads no faster than the plugin takes, and is given up when the plugin is silent", async () => {
  await using odd = await openOdd({ put: () => new Promise(() => {}) }, { timeoutMs: 2000 });
  let chunks = 0;
  async function* endless() {
    for (; ; chunks++) yield new Uint8Array(MIB);
  }

  await expect(odd.store.put(endless())).rejects.toMatchObject(unavailable);
  expect(chunks).toBeLessThan(50);
});

test("a stream is read no faster than it is consumed, and is not given up while its consumer rests", async () => {
  let chunks = 0;
  let isReleased = false;
  async function* endless() {
    try {
      for (; ; chunks++) yield new Uint8Array(MIB);
    } finally {
      isReleased = true;
    }
  }
  await using odd = await openOdd({ open: async () => ReadableStream.from(endless()) }, { timeoutMs: 2000 });
  const reader = (await odd.store.open(digestOf(new Uint8Array())))?.getReader();
  await reader?.read();

  const rested = Date.now() + 4000;
  await until("the consumer has rested", () => Date.now() > rested);

  expect(chunks).toBeLessThan(50);
  expect(await reader?.read()).toMatchObject({ done: false });
  await reader?.cancel();
  await until("the content is let go", () => isReleased);
});

test("a plugin that is silent when it is asked for a blob is given up", async () => {
  const silent = { open: () => new Promise<never>(() => {}), renew: () => new Promise<never>(() => {}) };
  await using odd = await openOdd(silent, { timeoutMs: 2000 });

  await expect(odd.store.open(digestOf(new Uint8Array()))).rejects.toMatchObject(unavailable);
  await expect(odd.store.renew(digestOf(new Uint8Array()))).rejects.toMatchObject(unavailable);
});

test.each([
  ["without its end", [], "the content has no end"],
  ["with the end of another", [end(9)], "not the one that was sent"],
  ["that goes on after its end", [end(10), chunk(1)], "goes on after its end"],
  ["with a message of nothing", [{ case: undefined }], "neither chunk nor end"],
])("the server stores nothing of a content %s", async (_what, parts, fault) => {
  await using odd = await openOdd({});
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
