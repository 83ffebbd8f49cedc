import { createHash, randomUUID } from "node:crypto";
import { access, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { cacheUnusable, type Environment, sparkCache } from "./cache.ts";
import { type Compilation, type Compiler, compileScala } from "./compile.ts";
import { ToolchainError } from "./error.ts";
import { acquireLock } from "./lock.ts";

/** Version of the cached jars: a change makes all of them compile again. */
const FORMAT = "1";

/** A compiler with a cache for its jars. */
export interface CachingCompiler extends Compiler {
  readonly env: Environment;
  /** Receives progress lines: the first compilation takes some seconds. */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Resolves to the path of the compiled jar in the user's cache. Equal sources, libraries and Spark compile once, also when several processes
 * ask at the same time. Rejects with a ToolchainError.
 */
export async function compiledJar(
  compiler: CachingCompiler,
  { name, ...compilation }: Omit<Compilation, "jar"> & { name: string },
): Promise<string> {
  const folder = join(sparkCache(compiler.env), "compiled");
  const stem = `${name}-${await keyOf(compiler, compilation)}`;
  const jar = join(folder, `${stem}.jar`);
  if (await exists(jar)) return jar;
  using _lock = await acquireLock(join(folder, `${stem}.lock`), {
    signal: compiler.signal,
    onWait: () => compiler.log?.(`waiting for another process that compiles ${compilation.subject}`),
  });
  if (await exists(jar)) return jar;
  const startedAt = performance.now();
  compiler.log?.(`compiling ${compilation.subject} for Spark ${compiler.spark.version}, once`);
  await removeUnfinished(folder, stem);
  const unfinished = join(folder, `${stem}.${randomUUID()}.tmp`);
  try {
    await compileScala(compiler, { ...compilation, jar: unfinished });
    await rename(unfinished, jar);
  } catch (error) {
    if (error instanceof ToolchainError || compiler.signal?.aborted) throw error;
    throw cacheUnusable(folder, error);
  } finally {
    await rm(unfinished, { force: true });
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  compiler.log?.(`compiled ${compilation.subject} in ${seconds} s: ${jar}`);
  return jar;
}

/** Removes the leftovers of a killed process. */
async function removeUnfinished(folder: string, stem: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(stem) && name.includes(".tmp"));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

async function keyOf(
  { spark }: Compiler,
  { sources, classPath, options = [] }: Omit<Compilation, "jar" | "subject">,
): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([FORMAT, spark.version, spark.scalaVersion, options]));
  const contents = await Promise.all([...sources, ...classPath].map((path) => readFile(path)));
  for (const [index, path] of [...sources, ...classPath].entries()) {
    const content = contents[index] ?? Buffer.alloc(0);
    hash.update(JSON.stringify([basename(path), content.length]));
    hash.update(content);
  }
  return hash.digest("hex").slice(0, 32);
}

async function exists(path: string): Promise<boolean> {
  const [found] = await Promise.allSettled([access(path)]);
  return found.status === "fulfilled";
}
