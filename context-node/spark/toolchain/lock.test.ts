import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { acquireLock } from "./lock.ts";

test("acquireLock() admits one caller after the other", async () => {
  await using folder = await createTemporaryDirectory();
  const path = join(folder.path, "deep", "x.lock");
  const happened: string[] = [];
  const first = await acquireLock(path);
  const second = acquireLock(path, { onWait: () => happened.push("second waits") }).then((lock) => {
    happened.push("second has it");
    lock[Symbol.dispose]();
  });
  await expect.poll(() => happened).toEqual(["second waits"]);
  happened.push("first is done");
  first[Symbol.dispose]();
  await second;
  expect(happened).toEqual(["second waits", "first is done", "second has it"]);
});

test("acquireLock() acquires the lock of a killed process", async () => {
  await using folder = await createTemporaryDirectory();
  const path = join(folder.path, "x.lock");
  const code = `const { acquireLock } = await import(${JSON.stringify(join(import.meta.dirname, "lock.ts"))});
const lock = await acquireLock(${JSON.stringify(path)}); console.log("locked"); setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  await once(createInterface(child.stdout), "line");
  const waits = Promise.withResolvers<undefined>();
  const lock = acquireLock(path, { onWait: () => waits.resolve(undefined) });
  await waits.promise;
  child.kill("SIGKILL");
  using _lock = await lock;
});

test("acquireLock() stops waiting when the signal aborts", async () => {
  await using folder = await createTemporaryDirectory();
  const path = join(folder.path, "x.lock");
  using _lock = await acquireLock(path);
  const controller = new AbortController();
  const waiting = acquireLock(path, { onWait: () => controller.abort(), signal: controller.signal });
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});

test.each(["a folder, not a file", "below a file"])("acquireLock() rejects for %s", async (kind) => {
  await using folder = await createTemporaryDirectory();
  const file = join(folder.path, "file");
  await writeFile(file, "");
  const path = kind === "below a file" ? join(file, "x.lock") : folder.path;
  await expect(acquireLock(path)).rejects.toMatchObject({
    problem: "CACHE_UNUSABLE",
    message: expect.stringMatching(/Cannot use the cache .*XDG_CACHE_HOME/),
  });
});
