import { join } from "node:path";
import { platform } from "node:process";
import type { Logger } from "pino";
import { openDebianArchive } from "./debian.ts";
import { FETCHED_FOLDER, keepProgram, reasonOf, versionOf } from "./fetched_program.ts";

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
  const { cacheDir = FETCHED_FOLDER, systemPaths = SYSTEM_PATHS, log, signal } = options;
  if (platform !== "linux") return undefined;
  const cached = join(cacheDir, "bwrap");
  for (const candidate of [...systemPaths, cached]) {
    if ((await versionOf(candidate)) !== undefined) return candidate;
  }
  try {
    log.info({ source: "Debian package" }, "fetching bubblewrap");
    await keepProgram(cached, (directory) => unpackPackage(directory, signal));
    log.info({ path: cached }, "fetched bubblewrap");
    return cached;
  } catch (error) {
    signal?.throwIfAborted();
    log.warn({ why: reasonOf(error) }, "bubblewrap cannot be fetched; install it for stronger isolation of contexts");
    return undefined;
  }
}

async function unpackPackage(directory: string, signal: AbortSignal | undefined): Promise<string> {
  const timeout = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const archive = await openDebianArchive(directory, {
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
  const program = join(await archive.unpack(["bubblewrap"]), "usr", "bin", "bwrap");
  if ((await versionOf(program)) === undefined)
    throw new Error("the program of the package does not run on this machine");
  return program;
}
