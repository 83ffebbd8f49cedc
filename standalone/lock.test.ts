import { spawnSync } from "node:child_process";
import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../test/contract/temporary_directory.ts";
import { lockFolder } from "./lock.ts";

/** What a process says that locks the folder and is killed meanwhile, or why it could not. */
function lockAndBeKilled(folder: string): string {
  const code = `import { lockFolder } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
try {
  const lock = await lockFolder(${JSON.stringify(folder)});
  console.log("locked");
  process.kill(process.pid, "SIGKILL");
} catch (error) {
  console.log(error.message);
}`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).stdout.trim();
}

test("lockFolder() excludes this and other processes until disposal, under any name of the folder", async () => {
  await using directory = await createTemporaryDirectory();
  const folder = join(directory.path, "data");
  const other = join(directory.path, "other");
  await mkdir(folder);
  await symlink(folder, other);
  const lock = await lockFolder(folder);

  const refusal = `process ${process.pid} has it, a Hearth that runs`;
  await expect(lockFolder(folder)).rejects.toThrow(`Cannot use the data folder "${folder}": ${refusal}`);
  expect(lockAndBeKilled(other)).toContain(`Cannot use the data folder "${other}": ${refusal}`);

  await lock[Symbol.asyncDispose]();
  await using _again = await lockFolder(folder);
});

test("lockFolder() creates nested folders, and takes over the lock of a killed process", async () => {
  await using directory = await createTemporaryDirectory();
  const folder = join(directory.path, "a-name-of-some-length/".repeat(8));
  expect(lockAndBeKilled(folder)).toBe("locked");
  expect(await readdir(folder)).toEqual(["hearth.lock", "hearth.pid"]);
  expect(lockAndBeKilled(folder)).toBe("locked");
  const lock = await lockFolder(folder);
  await lock[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual(["hearth.lock"]);
});

test("lockFolder() rejects with the reason if it cannot lock a folder", async () => {
  await expect(lockFolder("/dev/null/data")).rejects.toThrow('Cannot use the data folder "/dev/null/data": ENOTDIR');
});
