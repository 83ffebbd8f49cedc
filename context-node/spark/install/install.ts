import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { acquireLock, type Environment, findSpark, sparkCache, ToolchainError } from "../toolchain/mod.ts";
import { downloadDistribution } from "./download.ts";
import { unpackDistribution } from "./unpack.ts";
import { chooseDistribution, type SparkDistribution } from "./versions.ts";

/** Minimum of free space that remains, in bytes: other programs write meanwhile. */
const SPARE_BYTES = 100_000_000;

export interface InstallOptions {
  /** Such as `4.3.0` or `3.5`. Default: the newest. */
  readonly version?: string | undefined;
  readonly env: Environment;
  /** Receives progress lines. */
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Installs Spark into the user's cache unless it is installed, and resolves to its home. Waits if another process is installing it. Removes
 * the leftovers of a killed process. Rejects with a ToolchainError.
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
  if (await isInstalled(home, env)) return home;
  try {
    using _lock = await acquireLock(join(cache, `${distribution.version}.lock`), {
      signal,
      onWait: () => log(`waiting for another process that installs Spark ${distribution.version}`),
    });
    if (!(await isInstalled(home, env))) await install(distribution, { home, env, log, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw explain(error, distribution, cache);
  }
  return home;
}

async function install(
  distribution: SparkDistribution,
  { home, env, log, signal }: InstallOptions & { home: string },
): Promise<void> {
  await removeUnfinished(home);
  // A unique name, as the pip of a killed process may still write to its folder.
  const folder = `${home}.${randomUUID()}.part`;
  await mkdir(folder, { mode: 0o700 });
  try {
    await requireSpace(folder, distribution);
    const archive = await downloadDistribution(distribution, { folder, env, log, signal });
    const unpacked = join(folder, "spark");
    log(`unpacking ${distribution.archive}`);
    await mkdir(unpacked);
    await unpackDistribution(distribution, { archive, folder: unpacked, signal });
    await rm(home, { recursive: true, force: true });
    await rename(unpacked, home);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes the leftovers of killed processes. */
async function removeUnfinished(home: string): Promise<void> {
  const [cache, version] = [dirname(home), basename(home)];
  const left = (await readdir(cache)).filter((name) => name.startsWith(`${version}.`) && name.endsWith(".part"));
  await Promise.all(left.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

/** Rejects unless the archive and the unpacked files fit on the disk together. */
async function requireSpace(folder: string, { version, sizeBytes }: SparkDistribution): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const [free, needed] = [bavail * bsize, 2.1 * sizeBytes + SPARE_BYTES];
  if (free >= needed) return;
  throw new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot install Spark ${version}: ${folder} has ${Math.floor(free / 1e6)} MB of free space, and ${Math.ceil(needed / 1e6)} MB are needed; free some space, or set XDG_CACHE_HOME to a folder elsewhere`,
  );
}

function explain(error: unknown, { version }: SparkDistribution, cache: string): ToolchainError {
  if (error instanceof ToolchainError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === "ENOSPC" ? "the disk is full; free some space" : message;
  return new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot install Spark ${version} in ${cache}: ${reason}. XDG_CACHE_HOME moves the cache to another folder`,
    { cause: error },
  );
}

/** Returns false for a damaged Spark, too. */
async function isInstalled(home: string, env: Environment): Promise<boolean> {
  const [found] = await Promise.allSettled([findSpark({ home, env })]);
  return found.status === "fulfilled";
}
