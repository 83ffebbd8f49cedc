import { afterEach, beforeEach, expect, test } from "vitest";
import blobsFs from "../../plugins/blobs-fs/mod.ts";
import type { BlobStore, Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { Binary_Type, Runtime } from "../../proto/mod.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import type { Bundler } from "../bundler/mod.ts";
import { createJarReader } from "../jars/mod.ts";
import { jar, jobClass } from "../jars/testing/jars.ts";
import { rollbackBinary } from "./rollback.ts";
import { uploadBinary } from "./upload.ts";

const { signal } = new AbortController();
const log = { info() {}, warn() {} };

let stack: AsyncDisposableStack;
let dao: Dao;
let blobs: BlobStore;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const { path } = stack.use(await createTemporaryDirectory());
  dao = stack.use(await memory.start({ config: {}, log, signal }));
  blobs = stack.use(await blobsFs.start({ config: { path }, log, signal }));
});

afterEach(() => stack.disposeAsync());

/** A bundler that must not be used: a jar is not a module. */
const bundler = {} as Bundler;

async function upload(content: Uint8Array, contentType?: string) {
  await using jars = createJarReader();
  return await uploadBinary({ dao, blobs, bundler, jars }, { name: "jobs", content, contentType });
}

test("uploadBinary() stores a jar unchanged, with its entry points and versions", async () => {
  const binary = await upload(jar([jobClass("com/example/Job", { scala: "2.13", majorVersion: 61 })]));
  expect(binary).toMatchObject({
    ...{ name: "jobs", version: 1, type: Binary_Type.JAR, runtime: Runtime.SPARK },
    ...{ entryPoints: ["com.example.Job"], scalaVersion: "2.13", javaVersion: 17, warnings: [] },
    ...{ bundleDigest: binary.digest, sourceMapDigest: "" },
  });
  expect(await Array.fromAsync(blobs.list())).toMatchObject([{ digest: binary.digest }]);
});

test("uploadBinary() accepts a jar as the file of a form", async () => {
  const content = jar([jobClass("a/Job")]);
  const head = '--B\r\nContent-Disposition: form-data; name="file"; filename="jobs.jar"\r\n\r\n';
  const form = Buffer.concat([Buffer.from(head), content, Buffer.from("\r\n--B--\r\n")]);
  expect((await upload(form, "multipart/form-data; boundary=B")).sizeBytes).toBe(BigInt(content.length));
});

test("uploadBinary() stores nothing of a jar that cannot be read", async () => {
  const damaged = jar([], [{ name: "a/A.class", content: "x", checksum: 1 }]);
  await expect(upload(damaged)).rejects.toThrow('Cannot read jar "jobs": The jar is damaged: "a/A.class" differs');
  expect(await dao.binaries.list({ limit: 1 })).toEqual([]);
  expect(await Array.fromAsync(blobs.list())).toEqual([]);
});

test("rollbackBinary() makes an older jar the newest", async () => {
  const older = await upload(jar([jobClass("a/Old")]));
  await upload(jar([jobClass("a/New")]));
  const newest = await rollbackBinary({ dao, blobs }, { name: "jobs", version: 1 });
  expect(newest).toMatchObject({ version: 3, digest: older.digest, entryPoints: ["a.Old"] });
});
