import { join } from "node:path";
import type { Logger } from "pino";
import { openDebianArchive } from "../programs/debian.ts";
import { FETCHED_FOLDER, keepProgram, reasonOf, versionOf } from "../programs/fetched_program.ts";
import { downloadNatsRelease } from "./release.ts";
import { findNatsFaults, parseNatsVersion } from "./version.ts";

/** Sources of a missing binary, in order of preference. */
const SOURCES = [
  { name: "official release", get: downloadNatsRelease },
  { name: "Debian package", get: unpackDebianPackage },
];

/** Warning about a version with known vulnerabilities. */
const OUT_OF_DATE =
  "this nats-server is out of date; put a newer one (2.14, 2.12.7 or 2.11.16 and later) on PATH, or set NATS_URL to one that runs";

interface Binary {
  /** Path, or name on PATH. */
  readonly binary: string;
  /** Undefined if it is unknown. */
  readonly version: string | undefined;
}

export interface NatsBinaryOptions {
  /** Folder of downloaded binaries. Default: `.hearth/bin` of the repository. */
  readonly cacheDir?: string | undefined;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves to the path of a nats-server that runs on this machine: on PATH, downloaded before, or downloaded now. Rejects, saying what to do,
 * if there is none. Several processes may call it at the same time.
 */
export async function findNatsServer(options: NatsBinaryOptions): Promise<string> {
  const { binary, version } = await findBinary(options);
  const faults = version === undefined ? [] : findNatsFaults(version);
  if (faults.length > 0) options.log.warn({ path: binary, version, faults }, OUT_OF_DATE);
  return binary;
}

async function findBinary({ cacheDir = FETCHED_FOLDER, log, signal }: NatsBinaryOptions): Promise<Binary> {
  const cached = join(cacheDir, "nats-server");
  // Debian installs it in a folder that is not on the PATH of ordinary users.
  for (const candidate of ["nats-server", "/usr/sbin/nats-server", cached]) {
    const output = await versionOf(candidate, { signal });
    if (output !== undefined) return { binary: candidate, version: parseNatsVersion(output) };
  }

  const faults: string[] = [];
  for (const source of SOURCES) {
    try {
      log.info({ source: source.name }, "fetching nats-server");
      await keepProgram(cached, (directory) => source.get(directory, { signal }));
      const version = parseNatsVersion((await versionOf(cached, { signal })) ?? "");
      log.info({ source: source.name, path: cached, version }, "fetched nats-server");
      return { binary: cached, version };
    } catch (error) {
      signal?.throwIfAborted();
      faults.push(`${source.name}: ${reasonOf(error)}`);
    }
  }
  throw new Error(
    [
      "Cannot find nats-server: none on PATH, and none could be fetched.",
      ...faults,
      "Install nats-server 2.14 or newer so that it is on PATH, or set NATS_URL to a running one with JetStream.",
    ].join("\n  "),
  );
}

/** Unpacks Debian's nats-server package into a directory and returns the path of its binary. Rejects if the package is not available. */
async function unpackDebianPackage(
  directory: string,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const archive = await openDebianArchive(directory, { signal });
  const root = await archive.unpack(["nats-server"]);
  return join(root, "usr", "sbin", "nats-server");
}
