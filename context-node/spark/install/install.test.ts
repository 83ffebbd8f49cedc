import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { sparkCache } from "../toolchain/mod.ts";
import { installDistribution, installSpark } from "./install.ts";
import { createArchive, SMALL_SPARK } from "./testing/archive.ts";

/** A machine on whose PATH `python3 -m pip download` does what the script says, with the folder of `--dest` in `$dest`. */
async function createMachine(script: string) {
  const folder = await createTemporaryDirectory();
  const { distribution, content } = await createArchive(SMALL_SPARK);
  const archive = join(folder.path, distribution.archive);
  await writeFile(archive, content);
  const bin = join(folder.path, "bin");
  await mkdir(bin);
  const python = join(bin, "python3");
  await writeFile(
    python,
    `#!/bin/sh
case "$*" in *--version*) exit 0;; esac
echo "$*" >>${folder.path}/calls
while [ "$1" != --dest ]; do shift; done
dest=$2
archive=${archive}
${script}
`,
  );
  await chmod(python, 0o755);
  const env = { PATH: `${bin}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder.path, "cache") };
  return {
    env,
    distribution,
    calls: async () => (await readFile(join(folder.path, "calls"), "utf8")).trim().split("\n"),
    home: join(sparkCache(env), distribution.version),
    cached: async () => (await readdir(sparkCache(env))).toSorted(),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

const silent = (_line: string) => undefined;

test("installDistribution() installs Spark into the cache once", async () => {
  await using machine = await createMachine('cp "$archive" "$dest"');
  const { env, distribution, home } = machine;
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  expect(await installDistribution(distribution, { env, log })).toBe(home);
  expect(await installDistribution(distribution, { env, log })).toBe(home);
  expect(lines).toEqual(["downloading pyspark 4.9.9 (0 MB) by python3 -m pip", "unpacking pyspark-4.9.9.tar.gz"]);
  expect((await readdir(home)).toSorted()).toEqual(["bin", "jars", "sbin"]);
  expect(await machine.cached()).toEqual(["4.9.9", "4.9.9.lock"]);
});

test("installDistribution() installs one Spark for concurrent callers", async () => {
  await using machine = await createMachine('sleep 0.3; cp "$archive" "$dest"');
  const { env, distribution, home } = machine;
  const lines: string[] = [];
  const install = () => installDistribution(distribution, { env, log: (line) => void lines.push(line) });
  expect(await Promise.all([install(), install()])).toEqual([home, home]);
  expect(await machine.calls()).toHaveLength(1);
  expect(lines).toContain("waiting for another process that installs Spark 4.9.9");
});

test("installDistribution() replaces a damaged Spark and the leftovers of a killed process", async () => {
  await using machine = await createMachine('cp "$archive" "$dest"');
  const { env, distribution, home } = machine;
  await mkdir(join(`${home}.1.part`, "spark", "jars"), { recursive: true });
  await writeFile(join(`${home}.1.part`, distribution.archive), "half");
  await mkdir(join(home, "jars"), { recursive: true });
  await installDistribution(distribution, { env, log: silent });
  expect(await machine.cached()).toEqual(["4.9.9", "4.9.9.lock"]);
  expect(await readdir(join(home, "jars"))).toEqual(["spark-core_2.13-4.9.9.jar"]);
});

test.each([
  ["the disk is full", "echo 'OSError: [Errno 28] No space left on device' >&2; exit 1", /the disk is full/],
  ["there is no network", "echo 'NewConnectionError: refused' >&2; exit 1", /pip cannot reach PyPI; .*HTTPS_PROXY/],
  [
    "pip finds another digest",
    "echo 'THESE PACKAGES DO NOT MATCH THE HASHES' >&2; exit 1",
    /the SHA-256 of the download is not/,
  ],
  ["the archive has another digest", 'echo x | gzip >"$dest/pyspark-4.9.9.tar.gz"', /Cannot install/],
  ["pip fails otherwise", "echo 'out of order' >&2; exit 3", /pip failed. Output of pip:\nout of order/],
])("installDistribution() installs nothing when %s", async (_, script, message) => {
  await using machine = await createMachine(script);
  const { env, distribution } = machine;
  await expect(installDistribution(distribution, { env, log: silent })).rejects.toMatchObject({
    problem: "INSTALLATION_FAILED",
    message: expect.stringMatching(message),
  });
  expect(await machine.cached()).toEqual(["4.9.9.lock"]);
});

test("installDistribution() rejects with the space that it needs", async () => {
  await using machine = await createMachine("exit 1");
  const distribution = { ...machine.distribution, sizeBytes: 1e15 };
  await expect(installDistribution(distribution, { env: machine.env, log: silent })).rejects.toThrow(
    /MB of free space, and .* MB are needed/,
  );
});

test("installDistribution() rejects with what to install if pip is missing", async () => {
  await using machine = await createMachine("exit 1");
  const env = { ...machine.env, PATH: "/nowhere" };
  await expect(installDistribution(machine.distribution, { env, log: silent })).rejects.toThrow(
    /apt install python3-pip/,
  );
});

test("installDistribution() stops when the signal aborts", async () => {
  await using machine = await createMachine("sleep 100");
  const controller = new AbortController();
  const { env, distribution } = machine;
  const installing = installDistribution(distribution, {
    env,
    log: () => controller.abort(),
    signal: controller.signal,
  });
  await expect(installing).rejects.toMatchObject({ name: "AbortError" });
  expect(await machine.cached()).toEqual(["4.9.9.lock"]);
});

test("installSpark() refuses a version whose digest is not known", async () => {
  await expect(installSpark({ version: "3.4", env: {}, log: silent })).rejects.toThrow(
    /Cannot install Spark "3.4": the available versions are 4.3.0 and 3.5.9/,
  );
});
