import { randomUUID } from "node:crypto";
import { access, mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { acquireLock, type Environment, findSpark, sparkCache, ToolchainError } from "../toolchain/mod.ts";
import { downloadDistribution } from "./download.ts";
import { unpackDistribution } from "./unpack.ts";
import { chooseDistribution, type SparkDistribution } from "./versions.ts";

/** What is free afterwards: others write too. */
const SPARE_BYTES = 100_000_000;

export interface InstallOptions {
  /** `4.3.0`, `3.5`; without one, the newest. */
  readonly version?: string | undefined;
  readonly env: Environment;
  /** Takes lines for people. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Installs Spark into the user's cache, unless it is there, and resolves to its home. Waits when another process does it. What a killed
 * process has left is removed. Rejects with a ToolchainError.
 */
export async function installSpark({ version, ...options }: InstallOptions): Promise<string> {
  return await installDistribution(chooseDistribution(version), options);
}

export async function installDistribution(
  distribution: SparkDistribution,
  { env, log, signal }: Omit<InstallOptions, "version">,
): Promise<string> {
  const cache = sparkCache(env);
  const home = join(cache, distribution.version);
  if (await exists(home)) return await check(home, env);
  try {
    using _lock = await acquireLock(join(cache, `${distribution.version}.lock`), {
      signal,
      onWait: () => log(`waiting for another process that installs Spark ${distribution.version}`),
    });
    if (!(await exists(home))) await install(distribution, { home, env, log, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw explain(error, distribution, cache);
  }
  return await check(home, env);
}

async function install(
  distribution: SparkDistribution,
  { home, env, log, signal }: InstallOptions & { home: string },
): Promise<void> {
  await removeUnfinished(home);
  // A name of its own: the pip of a killed process may go on for a while.
  const folder = `${home}.${randomUUID()}.part`;
  await mkdir(folder, { mode: 0o700 });
  try {
    await requireSpace(folder, distribution);
    const archive = await downloadDistribution(distribution, { folder, env, log, signal });
    const unpacked = join(folder, "spark");
    log(`unpacking ${distribution.archive}`);
    await mkdir(unpacked);
    await unpackDistribution(distribution, { archive, folder: unpacked, signal });
    await rename(unpacked, home);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a process that was killed has left. */
async function removeUnfinished(home: string): Promise<void> {
  const [cache, version] = [dirname(home), basename(home)];
  const left = (await readdir(cache)).filter((name) => name.startsWith(`${version}.`) && name.endsWith(".part"));
  await Promise.all(left.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

/** An archive and what is unpacked of it are there at the same time. */
async function requireSpace(folder: string, { version, sizeBytes }: SparkDistribution): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [free, needed] = [bavail * bsize, 2.1 * sizeBytes + SPARE_BYTES];
  if (free >= needed) return;
  throw new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot install Spark ${version}: ${folder} has ${Math.floor(free / 1e6)} MB of free space, and needed are ${Math.ceil(needed / 1e6)}; make space, or set XDG_CACHE_HOME to a folder elsewhere`,
  );
}

/** A home that was damaged since is told as such. */
async function check(home: string, env: Environment): Promise<string> {
  return (await findSpark({ home, env })).home;
}

function explain(error: unknown, { version }: SparkDistribution, cache: string): ToolchainError {
  if (error instanceof ToolchainError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === "ENOSPC" ? "the disk is full; make space" : message;
  return new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot install Spark ${version} in ${cache}: ${reason}. XDG_CACHE_HOME names another folder`,
    { cause: error },
  );
}

async function exists(path: string): Promise<boolean> {
  const [found] = await Promise.allSettled([access(path)]);
  return found.status === "fulfilled";
}
