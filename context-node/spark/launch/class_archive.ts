import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { acquireLock, type Environment, sparkCache } from "../toolchain/mod.ts";
import type { DriverParts } from "./driver_command.ts";

/** Version of the archives. A change makes all drivers write a new one. */
const FORM = 1;

/** First version of Java that writes an archive at exit (JEP 350). */
const FIRST_JAVA = 13;

/** An archive of the classes that a warm driver has loaded (AppCDS). It halves the start time of drivers. */
export interface ClassArchive {
  /** Options of a JVM that starts from the archive; empty if there is no archive. */
  options(): readonly string[];
  /** Creates the archive, if it is missing and Java supports it. `write` runs a driver with these options until it exits, and rejects if it fails. */
  make(write: (options: readonly string[]) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Opens the archive for a class path in the user's cache: Java accepts an archive only with the class path that it was written with. */
export async function openClassArchive(
  parts: DriverParts,
  { env, classPath }: { env: Environment; classPath: readonly string[] },
): Promise<ClassArchive> {
  const { java, spark } = parts;
  const [jars, program] = await Promise.all([stat(spark.jars), stat(java.command)]);
  const identity = [FORM, java.command, java.version, program.mtimeMs, spark.version, jars.mtimeMs, ...classPath];
  const key = createHash("sha256").update(JSON.stringify(identity)).digest("hex");
  const file = join(sparkCache(env), "archives", `${key}.jsa`);
  // Files in a folder may change, which Java does not check.
  const isPossible =
    java.version >= FIRST_JAVA && classPath.every((each) => each.endsWith(".jar") || each.endsWith("*"));
  return {
    options: () => (isPossible && existsSync(file) ? [`-XX:SharedArchiveFile=${file}`] : []),
    async make(write, signal) {
      if (!isPossible || existsSync(file)) return;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      using _lock = await acquireLock(`${file}.lock`, { signal });
      if (existsSync(file)) return;
      await removeDrafts(file);
      const draft = `${file}.${randomUUID()}.tmp`;
      try {
        await write([`-XX:ArchiveClassesAtExit=${draft}`]);
        await rename(draft, file);
      } finally {
        await rm(draft, { force: true });
      }
    },
  };
}

/** Removes the leftovers of a killed process. */
async function removeDrafts(file: string): Promise<void> {
  const folder = dirname(file);
  const left = (await readdir(folder)).filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith(".tmp"));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}
