import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { until } from "../test/until.ts";
import { openRunFolder } from "./run_folder.ts";

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "hearth-runs-"));
  return () => rm(parent, { recursive: true });
});

const log = { warn() {} };

test("a folder goes with its process, and takes along those that show no sign of life, whatever the clock says", async () => {
  const [past, future] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)];
  for (const [name, time] of [
    ["killed", past],
    ["killed-before-the-clock-went-back", future],
    ["living", past],
  ] as const) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, "left.txt"), "");
    await utimes(join(parent, name), time, time);
  }

  const folder = await openRunFolder({ log }, { parent, nodeId: "new", abandonedMs: 200 });
  await writeFile(join(folder.path, "mine.txt"), "");
  expect(await readdir(parent)).toHaveLength(4);
  // Its clock is an hour late.
  await utimes(join(parent, "living"), past, new Date(past.getTime() + 10_000));

  await until("the folders of killed processes are gone", async () => (await readdir(parent)).length === 2);
  expect((await readdir(parent)).sort()).toEqual(["living", "new"]);
  await folder[Symbol.asyncDispose]();
  expect(await readdir(parent)).toEqual(["living"]);
});
