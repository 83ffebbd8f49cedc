import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { acquireLock, type Environment, sparkCache } from "../toolchain/mod.ts";
import type { DriverParts } from "./driver_command.ts";

/** Version of what a warm driver has loaded: an archive made otherwise is another one. */
const FORM = 1;

/** The first Java that can write such an archive at its end (JEP 350). */
const FIRST_JAVA = 13;

/** An archive of the classes that a warm driver has loaded (AppCDS): drivers that start from it are ready in half of the time. */
export interface ClassArchive {
  /** Options of a JVM that starts from it; none while there is no archive. */
  options(): readonly string[];
  /** Makes it unless it is there, or cannot be: `write` runs a driver with these options to its end, and rejects when that was not a good one. */
  make(write: (options: readonly string[]) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Java uses an archive only with the class path that it was made with. It is kept in the user's cache. */
export async function openClassArchive(
  parts: DriverParts,
  { env, classPath }: { env: Environment; classPath: readonly string[] },
): Promise<ClassArchive> {
  const { java, spark } = parts;
  const [jars, program] = await Promise.all([stat(spark.jars), stat(java.command)]);
  const identity = [FORM, java.command, java.version, program.mtimeMs, spark.version, jars.mtimeMs, ...classPath];
  const key = createHash("sha256").update(JSON.stringify(identity)).digest("hex");
  const file = join(sparkCache(env), "archives", `${key}.jsa`);
  // A folder in front of the jars has files that may change, which Java does not look after.
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

/** What a process that was killed has left. */
async function removeDrafts(file: string): Promise<void> {
  const folder = dirname(file);
  const left = (await readdir(folder)).filter((name) => name.startsWith(`${basename(file)}.`) && name.endsWith(".tmp"));
  await Promise.all(left.map((name) => rm(join(folder, name), { force: true })));
}
