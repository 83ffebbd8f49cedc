import { spawnSync } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdir, open, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { describeBlobs } from "../../test/contract/blobs_suite.ts";
import { collect } from "../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { until } from "../../test/until.ts";
import type { BlobStore } from "../contract/mod.ts";
import fs from "./mod.ts";

describeBlobs("blobs-fs", async () => {
  const directory = await createTemporaryDirectory();
  const root = join(directory.path, "new", "blobs");
  return {
    open: () => openStore(root),
    async damage(digest) {
      const [, hex = ""] = digest.split(":");
      await using file = await open(join(root, "sha256", hex.slice(0, 2), hex.slice(2)), "r+");
      await file.write(new Uint8Array([1, 2, 3]), { position: 1000 });
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
});

test("start() removes partial files of dead processes", async () => {
  await using directory = await createTemporaryDirectory();
  const temporaries = join(directory.path, "tmp");
  await mkdir(temporaries);
  const { pid: deadPid } = spawnSync(process.execPath, ["--version"]);
  await writeFile(join(temporaries, `${deadPid}-a`), "of a dead process");
  await writeFile(join(temporaries, `${process.pid}-b`), "of a process that lives");
  await writeFile(join(temporaries, `${process.pid}-c`), "of an earlier process that had this id");
  await utimes(join(temporaries, `${process.pid}-c`), 0, 0);

  await using _store = await openStore(directory.path);

  expect(await readdir(temporaries)).toEqual([`${process.pid}-b`]);
});

test("no temporary file remains after put(), whether it succeeds or fails", async () => {
  await using directory = await createTemporaryDirectory();
  await using store = await openStore(directory.path);
  async function* breakOff() {
    yield new Uint8Array(10);
    throw new Error("the client left");
  }

  await store.put(new Uint8Array(10));
  await expect(store.put(breakOff())).rejects.toThrow("the client left");
  await store.checkHealth();

  expect(await readdir(join(directory.path, "tmp"))).toEqual([]);
});

test("put() replaces a truncated file", async () => {
  await using directory = await createTemporaryDirectory();
  await using store = await openStore(directory.path);
  const { digest } = await store.put(new Uint8Array(1000));
  await using file = await open(join(directory.path, "sha256", digest.slice(7, 9), digest.slice(9)), "r+");
  await file.truncate(10);

  await store.put(new Uint8Array(1000));

  const stream = await store.open(digest);
  expect(stream && Buffer.concat(await collect(stream))).toHaveLength(1000);
});

test("the file of an abandoned stream is closed", async () => {
  await using directory = await createTemporaryDirectory();
  await using store = await openStore(directory.path);
  const { digest } = await store.put(new Uint8Array(1000));
  // In a separate function, so that nothing refers to the streams afterwards.
  await (async () => {
    for (let count = 0; count < 10; count++) expect(await store.open(digest)).toBeDefined();
  })();

  await until("the files are closed", () => {
    collectGarbage();
    return openFilesBelow(directory.path) === 0;
  });
});

test("checkHealth() rejects when the directory is gone", async () => {
  await using directory = await createTemporaryDirectory();
  const store = await openStore(join(directory.path, "blobs"));
  await rm(join(directory.path, "blobs"), { recursive: true });

  await expect(store.checkHealth()).rejects.toThrow("ENOENT");
  const put = store.put(new TextEncoder().encode("some text"));
  await expect(put).rejects.toMatchObject({ name: "StoreUnavailable", state: "away" });
  // An error of the content is not a state of the store.
  await using other = await createTemporaryDirectory();
  const broken = (await openStore(join(other.path, "blobs"))).put(failing());
  await expect(broken).rejects.toEqual(new Error("the caller left"));
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
  throw new Error("the caller left");
}

function openFilesBelow(folder: string): number {
  const targets = readdirSync("/proc/self/fd").map((fd) => {
    // Of the listed blobs.
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  });
  return targets.filter((target) => target.startsWith(folder)).length;
}

/** The function of `--expose-gc`. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

function openStore(path: string): Promise<BlobStore> {
  return fs.start({ config: { path }, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}
