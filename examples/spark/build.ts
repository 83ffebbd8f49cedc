import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { apiJar, type CachingCompiler, compiledJar } from "../../context-node/spark/toolchain/mod.ts";

const FOLDER = resolve(import.meta.dirname);

/** Compiles the example jobs, unless equal ones are in the user's cache, and resolves to the jar. */
export async function exampleJar(
  compiler: CachingCompiler,
  { libraries }: { libraries: readonly string[] },
): Promise<string> {
  return await compiledJar(compiler, {
    name: "job-server-tests",
    subject: "the example jobs",
    sources: [...(await scalaFiles("spark-jobserver")), ...(await scalaFiles("hearth"))],
    classPath: [...libraries, await apiJar(compiler, { libraries })],
  });
}

/** A jar with the class `EmptyClass`, which `jobJarDependenciesJob` needs. */
export async function dependencyJar(compiler: CachingCompiler): Promise<string> {
  return await compiledJar(compiler, {
    name: "empty-class",
    subject: "the jar that an example depends on",
    sources: await scalaFiles("dependency"),
    classPath: [],
  });
}

async function scalaFiles(part: string): Promise<string[]> {
  const names = await readdir(join(FOLDER, part));
  return names
    .filter((name) => name.endsWith(".scala"))
    .toSorted()
    .map((name) => join(FOLDER, part, name));
}
