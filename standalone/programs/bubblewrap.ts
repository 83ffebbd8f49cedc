import { join } from "node:path";
import { platform } from "node:process";
import type { Logger } from "pino";
import { openDebianArchive } from "./debian.ts";
import { FETCHED_FOLDER, keepProgram, reasonOf, versionOf } from "./fetched_program.ts";

const SYSTEM_PATHS = ["/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"];

/** Timeout of the download, in milliseconds. A start continues without bubblewrap after it. */
const FETCH_TIMEOUT_MS = 60_000;

export interface BubblewrapOptions {
  /** Folder of downloaded binaries. Default: `.hearth/bin` of the repository. */
  readonly cacheDir?: string | undefined;
  /** Folders of installed binaries. */
  readonly systemPaths?: readonly string[] | undefined;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves to the path of a bubblewrap that runs on this machine: installed, downloaded before, or from Debian's package, unpacked but not
 * installed. Logs a warning and resolves to undefined if there is none: nodes then use weaker isolation. Rejects if the signal aborts.
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
