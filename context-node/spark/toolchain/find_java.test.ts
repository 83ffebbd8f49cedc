import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createTemporaryDirectory } from "../../../test/contract/temporary_directory.ts";
import { findJava } from "./find_java.ts";
import type { Spark } from "./find_spark.ts";

/** A program that fails when it is run, unless `script` is another. */
async function createJava(home: string, { release, script = "exit 1" }: { release?: string; script?: string }) {
  const command = join(home, "bin", "java");
  await mkdir(join(home, "bin"), { recursive: true });
  await writeFile(command, `#!/bin/sh\n${script}\n`);
  await chmod(command, 0o755);
  if (release !== undefined) await writeFile(join(home, "release"), `IMPLEMENTOR="X"\nJAVA_VERSION="${release}"\n`);
  return command;
}

function sparkOf(major: number): Spark {
  return { home: "/s", version: `${major}.5.0`, major, scalaVersion: "2.13", jars: "/s/jars" };
}

test("findJava() reads the release of JAVA_HOME, and starts no process", async () => {
  await using folder = await createTemporaryDirectory();
  const command = await createJava(folder.path, { release: "17.0.15" });
  expect(await findJava({ env: { JAVA_HOME: folder.path, PATH: "/nowhere" } })).toEqual({
    command,
    version: 17,
    home: folder.path,
  });
});

test("findJava() follows the link on PATH to the Java", async () => {
  await using folder = await createTemporaryDirectory();
  const home = join(folder.path, "jdk");
  const command = await createJava(home, { release: "1.8.0_452" });
  await mkdir(join(folder.path, "bin"));
  await symlink(command, join(folder.path, "bin", "java"));
  const path = `/nowhere:${join(folder.path, "bin")}`;
  expect(await findJava({ env: { PATH: path } })).toEqual({ command, version: 8, home });
});

test("findJava() runs a program that has no release file beside it", async () => {
  await using folder = await createTemporaryDirectory();
  const script = `printf 'Property settings:\\n    java.home = /opt/jdk 21\\n    java.version = 21.0.2\\n' >&2`;
  const command = await createJava(folder.path, { script });
  expect(await findJava({ env: { PATH: join(folder.path, "bin") } })).toEqual({
    command,
    version: 21,
    home: "/opt/jdk 21",
  });
});

test("findJava() prefers the configured Java", async () => {
  await using folder = await createTemporaryDirectory();
  for (const version of ["17", "21"]) await createJava(join(folder.path, version), { release: version });
  const found = await findJava({ javaHome: join(folder.path, "21"), env: { JAVA_HOME: join(folder.path, "17") } });
  expect(found.version).toBe(21);
});

test.each([
  ["no Java at all", {}, "JAVA_MISSING", /Cannot find Java: .*openjdk-17/],
  ["a JAVA_HOME that has none", { JAVA_HOME: "/nowhere" }, "JAVA_MISSING", /JAVA_HOME "\/nowhere": it has no program/],
])("findJava() says what to install with %s", async (_, env, problem, message) => {
  await expect(findJava({ env })).rejects.toMatchObject({ problem, message: expect.stringMatching(message) });
});

test("findJava() refuses a program that does not run", async () => {
  await using folder = await createTemporaryDirectory();
  await createJava(folder.path, { script: "echo 'Unable to locate a Java Runtime' >&2; exit 1" });
  await expect(findJava({ env: { PATH: join(folder.path, "bin") } })).rejects.toThrow(
    /Cannot run the Java .*Unable to/s,
  );
});

test.each([
  [4, "17.0.1", true],
  [4, "25", true],
  [4, "11.0.20", false],
  [3, "1.8.0_452", true],
  [3, "17.0.1", true],
  [3, "21.0.1", false],
])("findJava() for Spark %s accepts Java %s: %s", async (major, release, isTaken) => {
  await using folder = await createTemporaryDirectory();
  await createJava(folder.path, { release });
  const found = findJava({ env: { JAVA_HOME: folder.path }, spark: sparkOf(major) });
  await (isTaken
    ? expect(found).resolves.toMatchObject({ home: folder.path })
    : expect(found).rejects.toMatchObject({ problem: "JAVA_UNSUPPORTED" }));
});
