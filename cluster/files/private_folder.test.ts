import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { closeFolder } from "./private_folder.ts";

/** A log, and what it was given. */
function createLog() {
  const lines: { readonly level: string; readonly mode: string; readonly message: string }[] = [];
  const write =
    (level: string) =>
    ({ mode }: { mode: string }, message: string): void =>
      void lines.push({ level, mode, message });
  return { lines, log: { info: write("info"), warn: write("warn") } as never };
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

test.each([
  ["755", "700"],
  ["770", "700"],
  ["701", "700"],
  ["2750", "2700"],
])("closeFolder() removes the access of others from a folder of mode %s, and logs it", async (before, after) => {
  await using directory = await createTemporaryDirectory();
  await chmod(directory.path, Number.parseInt(before, 8));
  const { log, lines } = createLog();
  await closeFolder({ log }, directory.path);
  expect(await modeOf(directory.path)).toBe(after);
  const message = "other users could use the data folder; from now on they cannot";
  expect(lines).toEqual([{ level: "info", mode: before.padStart(4, "0"), message }]);
});

test("closeFolder() ignores a private folder, and one that does not exist", async () => {
  await using directory = await createTemporaryDirectory();
  const { log, lines } = createLog();
  await closeFolder({ log }, directory.path);
  await closeFolder({ log }, join(directory.path, "none"));
  expect(lines).toEqual([]);
});

test("closeFolder() warns of a shared folder, and does not change it", async () => {
  await using directory = await createTemporaryDirectory();
  const shared = join(directory.path, "tmp");
  await mkdir(shared);
  await chmod(shared, 0o1777);
  const { log, lines } = createLog();
  await closeFolder({ log }, shared);
  expect(await modeOf(shared)).toBe("1777");
  const message = "other users may use the data folder; choose one that is for Hearth alone";
  expect(lines).toEqual([{ level: "warn", mode: "1777", message }]);
});

test("closeFolder() rejects with the reason if a folder cannot be used", async () => {
  const { log } = createLog();
  await expect(closeFolder({ log }, "/dev/null/data")).rejects.toThrow(
    'Cannot use the data folder "/dev/null/data": ENOTDIR',
  );
});
