import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { openRunFolder } from "./run_folder.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "hearth-runs-"));
  return () => rm(parent, { recursive: true });
});

const log = { warn() {} };

test("a folder goes with its process, and takes along those of processes that were killed", async () => {
  const [killed, living] = [join(parent, "killed"), join(parent, "living")];
  for (const path of [killed, living]) await mkdir(path);
  await writeFile(join(killed, "left.txt"), "");
  const before = new Date(Date.now() - 120_000);
  await utimes(killed, before, before);

  const folder = await openRunFolder({ log }, { parent, nodeId: "new" });
  await writeFile(join(folder.path, "mine.txt"), "");
  expect((await readdir(parent)).sort()).toEqual(["living", "new"]);
  await folder[Symbol.asyncDispose]();
  expect(await readdir(parent)).toEqual(["living"]);
});
