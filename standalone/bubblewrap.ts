import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { platform } from "node:process";
import type { Logger } from "pino";
import { openDebianArchive } from "./debian.ts";

/** In the repository, ignored by git: nodes look there too. */
const CACHE_DIR = resolve(import.meta.dirname, "..", ".hearth", "bin");

const SYSTEM_PATHS = ["/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"];

/** Longest time for fetching it: a start does without rather than waits. */
const FETCH_TIMEOUT_MS = 60_000;

export interface BubblewrapOptions {
  /** Where a binary that was fetched is kept. Default `.hearth/bin` of the repository. */
  readonly cacheDir?: string | undefined;
  /** Where systems keep theirs. */
  readonly systemPaths?: readonly string[] | undefined;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves to the path of a bubblewrap that runs on this machine: the one of the system, the one that was fetched before, or Debian's
 * package, unpacked and not installed. Undefined, with a warning, where there is none to be had: nodes then use weaker walls. Rejects when
 * the signal is aborted.
 */
export async function findBubblewrap(options: BubblewrapOptions): Promise<string | undefined> {
  const { cacheDir = CACHE_DIR, systemPaths = SYSTEM_PATHS, log, signal } = options;
  if (platform !== "linux") return undefined;
  const cached = join(cacheDir, "bwrap");
  for (const candidate of [...systemPaths, cached]) {
    if (await isRunnable(candidate)) return candidate;
  }
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(cacheDir, "fetch-"));
  try {
    log.info({ source: "Debian package" }, "fetching bubblewrap");
    await fetchPackage(directory, { cached, signal });
    log.info({ path: cached }, "fetched bubblewrap");
    return cached;
  } catch (error) {
    signal?.throwIfAborted();
    const why = (error as Error).message.trim().split("\n").slice(0, 3).join(" · ");
    log.warn({ why }, "bubblewrap cannot be fetched; install it for stronger isolation of contexts");
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function fetchPackage(
  directory: string,
  { cached, signal }: { cached: string; signal: AbortSignal | undefined },
): Promise<void> {
  const timeout = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const archive = await openDebianArchive(directory, {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  const binary = join(await archive.unpack(["bubblewrap"]), "usr", "bin", "bwrap");
  if (!(await isRunnable(binary))) throw new Error("the program of the package does not run on this machine");
  // A rename is atomic: another process finds none or a whole one.
  await rename(binary, cached);
}

function isRunnable(command: string): Promise<boolean> {
  const { promise, resolve: answer } = Promise.withResolvers<boolean>();
  execFile(command, ["--version"], { timeout: 10_000 }, (error) => answer(error === null));
  return promise;
}
