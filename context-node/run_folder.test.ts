import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
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

const folders = async () => (await readdir(parent)).filter((name) => !name.startsWith(".")).sort();

test("a folder is removed with its process, as are those without signs of life, under any clock", async () => {
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
  expect(await folders()).toHaveLength(4);
  // Its clock is an hour behind.
  await utimes(join(parent, "living"), past, new Date(past.getTime() + 10_000));

  await until("the folders of killed processes are gone", async () => (await folders()).length === 2);
  expect(await folders()).toEqual(["living", "new"]);
  await folder[Symbol.asyncDispose]();
  expect(await folders()).toEqual(["living"]);
});

test("folders of killed processes are removed even if no process runs for long", async () => {
  for (const name of ["killed", "living"]) await mkdir(join(parent, name));
  let starts = 0;
  await until("the folder of the killed process is gone", async () => {
    await using _ = await openRunFolder({ log }, { parent, nodeId: `crashing-${starts}`, abandonedMs: 500 });
    starts += 1;
    const sign = new Date(starts * 1000);
    await utimes(join(parent, "living"), sign, sign);
    return !(await folders()).includes("killed");
  });
  expect(starts).toBeGreaterThan(1);
  expect(await folders()).toEqual(["living"]);
});

test("observations of an earlier process are ignored when their file is damaged or the machine has rebooted", async () => {
  await mkdir(join(parent, "other"));
  const { mtimeMs: sign } = await stat(join(parent, "other"));
  for (const text of ["{", "null", `{"other":null}`, JSON.stringify({ other: { sign, sinceMs: 1e15 } })]) {
    await writeFile(join(parent, ".seen.json"), text);
    await using _ = await openRunFolder({ log }, { parent, nodeId: "new" });
    expect(await folders()).toEqual(["new", "other"]);
  }
});

test("the last folder leaves nothing behind", async () => {
  const folder = await openRunFolder({ log }, { parent, nodeId: "new" });
  await folder[Symbol.asyncDispose]();
  expect(await readdir(parent)).toEqual([]);
});
