import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ClassArchive, openClassArchive } from "./class_archive.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hearth-archive-"));
  await mkdir(join(folder, "jars"));
  await writeFile(join(folder, "java"), "");
});
afterAll(() => rm(folder, { recursive: true }));

const signal = AbortSignal.timeout(60_000);

function open({
  cache,
  version = 17,
  classPath = ["/d.jar", "/jars/*"],
}: {
  cache: string;
  version?: number;
  classPath?: string[];
}): Promise<ClassArchive> {
  const spark = { home: folder, version: "4.3.0", major: 4, scalaVersion: "2.13" as const, jars: join(folder, "jars") };
  const parts = { spark, java: { command: join(folder, "java"), version }, driverJar: "/d.jar", libraries: [] };
  return openClassArchive(parts, { env: { XDG_CACHE_HOME: join(folder, cache) }, classPath });
}

async function write([option = ""]: readonly string[]): Promise<void> {
  await writeFile(option.replace("-XX:ArchiveClassesAtExit=", ""), "classes");
}

test("an archive is written once, then used", async () => {
  const archive = await open({ cache: "once" });
  expect(archive.options()).toEqual([]);
  let written = 0;
  const count = (options: readonly string[]): Promise<void> => {
    written += 1;
    return write(options);
  };
  const other = await open({ cache: "once" });
  await Promise.all([archive.make(count, signal), other.make(count, signal)]);
  expect(written).toBe(1);
  expect(archive.options()).toEqual([expect.stringMatching(/^-XX:SharedArchiveFile=.*\/archives\/[0-9a-f]{64}\.jsa$/)]);
  expect((await open({ cache: "once", classPath: ["/other.jar"] })).options()).toEqual([]);
});

test("a failed write leaves no archive", async () => {
  const archive = await open({ cache: "half" });
  const half = async (options: readonly string[]): Promise<void> => {
    await write(options);
    throw new Error("its driver was killed");
  };
  await expect(archive.make(half, signal)).rejects.toThrow("its driver was killed");
  expect(archive.options()).toEqual([]);
  const left = await readdir(join(folder, "half/hearth/spark/archives"));
  expect(left.filter((name) => !name.endsWith(".lock"))).toEqual([]);
});

test.each([
  ["a Java that cannot", { cache: "none", version: 11 }],
  ["a folder in the class path", { cache: "none", classPath: ["/etc/hadoop", "/d.jar"] }],
])("no archive is written for %s", async (_what, options) => {
  const archive = await open(options);
  await archive.make(() => Promise.reject(new Error("it was tried")), signal);
  expect(archive.options()).toEqual([]);
});
