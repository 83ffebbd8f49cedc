import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { createArchive, type EntryHeader, SMALL_SPARK, type TestArchive } from "./testing/archive.ts";
import { unpackDistribution } from "./unpack.ts";

async function unpack({ distribution, content }: TestArchive, folder: string): Promise<void> {
  const archive = join(folder, "archive.tar.gz");
  await writeFile(archive, content);
  await unpackDistribution(distribution, { archive, folder: join(folder, "spark") });
}

test("unpackDistribution() writes programs and jars of a Spark, and nothing else", async () => {
  await using folder = await createTemporaryDirectory();
  await unpack(await createArchive(SMALL_SPARK), folder.path);
  const spark = join(folder.path, "spark");
  const found = await readdir(spark, { recursive: true });
  expect(found.toSorted()).toEqual([
    "bin",
    "bin/spark-submit",
    "jars",
    "jars/spark-core_2.13-4.9.9.jar",
    "sbin",
    "sbin/spark-daemon.sh",
  ]);
  const modes = await Promise.all(
    ["bin/spark-submit", "jars/spark-core_2.13-4.9.9.jar"].map((name) => stat(join(spark, name))),
  );
  expect(modes.map(({ mode }) => mode & 0o111)).toEqual([0o111, 0]);
});

test("unpackDistribution() rejects an archive with another digest", async () => {
  await using folder = await createTemporaryDirectory();
  const archive = await createArchive(SMALL_SPARK);
  const distribution = { ...archive.distribution, sha256: "0".repeat(64) };
  await expect(unpack({ ...archive, distribution }, folder.path)).rejects.toMatchObject({
    problem: "INSTALLATION_FAILED",
    message: expect.stringContaining(`is ${archive.distribution.sha256}, expected`),
  });
});

test.each<[string, EntryHeader]>([
  ["a link", { name: "pyspark-4.9.9/deps/bin/link", type: "symlink", linkname: "/etc/passwd" }],
  ["a path that leads out", { name: "pyspark-4.9.9/deps/bin/../../../x" }],
])("unpackDistribution() refuses %s", async (_, header) => {
  await using folder = await createTemporaryDirectory();
  const archive = await createArchive([[header]]);
  await expect(unpack(archive, folder.path)).rejects.toThrow(/the archive has an unexpected/);
});

test("unpackDistribution() refuses an archive that ends early", async () => {
  await using folder = await createTemporaryDirectory();
  const { distribution, content } = await createArchive(SMALL_SPARK);
  await expect(
    unpack({ distribution, content: content.subarray(0, content.length - 40) }, folder.path),
  ).rejects.toThrow();
});
