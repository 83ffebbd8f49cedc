import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { findBubblewrap } from "./bubblewrap.ts";

test("findBubblewrap() unpacks Debian's package once if bubblewrap is not installed", async ({ skip }) => {
  if (!existsSync("/usr/bin/apt-get")) return skip("the system has no apt");
  await using directory = await createTemporaryDirectory();
  const messages: string[] = [];
  const say = (_: unknown, message?: string): void => void messages.push(message ?? "");
  const options = { cacheDir: directory.path, systemPaths: [], log: { info: say, warn: say } };
  const path = await findBubblewrap(options);
  expect(path).toBe(join(directory.path, "bwrap"));
  expect((await promisify(execFile)(path ?? "", ["--version"])).stdout).toMatch(/^bubblewrap \d/);
  expect(await findBubblewrap(options)).toBe(path);
  expect(messages).toEqual(["fetching bubblewrap", "fetched bubblewrap"]);
});

test("findBubblewrap() rejects when its signal aborts", async () => {
  await using directory = await createTemporaryDirectory();
  const options = { cacheDir: directory.path, systemPaths: [], log: { info() {}, warn() {} } };
  const signal = AbortSignal.abort(new Error("changed my mind"));
  await expect(findBubblewrap({ ...options, signal })).rejects.toThrow("changed my mind");
});
