import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setInterval as ticks } from "node:timers/promises";
import { promisify } from "node:util";
import { type Environment, ToolchainError } from "../toolchain/mod.ts";
import type { SparkDistribution } from "./versions.ts";

/** Ways to call pip, the first that works is used. */
const PIPS: readonly (readonly [string, ...string[]])[] = [
  ["python3", "-m", "pip"],
  ["pip3"],
  ["pip"],
  ["python", "-m", "pip"],
];

const PROGRESS_MS = 5_000;

/** Lines of pip's errors that a message quotes. */
const QUOTED_LINES = 8;

export interface DownloadOptions {
  /** An empty folder for the archive, and for pip's own temporary files. */
  readonly folder: string;
  readonly env: Environment;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Gets a distribution from PyPI, or the mirror that pip is configured for, and resolves to the archive. Rejects with a ToolchainError. */
export async function downloadDistribution(
  distribution: SparkDistribution,
  { folder, env, log, signal }: DownloadOptions,
): Promise<string> {
  const pip = await findPip(env);
  const { version, archive, sha256, sizeBytes } = distribution;
  const temporary = join(folder, "pip");
  await mkdir(temporary);
  // pip checks the digest before it runs the setup.py of an archive.
  const requirements = join(folder, "requirements.txt");
  await writeFile(requirements, `pyspark==${version} --hash=sha256:${sha256}\n`);
  log(`downloading pyspark ${version} (${megabytes(sizeBytes)} MB) by ${pip.join(" ")}`);
  const [command, ...args] = pip;
  const download = ["download", "--no-deps", "--no-binary=pyspark", "--no-cache-dir", "--disable-pip-version-check"];
  signal?.throwIfAborted();
  // A group of its own: `python3` may be a script that starts another.
  const child = spawn(command, [...args, ...download, "--progress-bar=off", "--dest", folder, "-r", requirements], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...env, TMPDIR: temporary },
    detached: true,
  });
  const kill = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  signal?.addEventListener("abort", kill);
  const done = new AbortController();
  const told = reportProgress({ folder: temporary, sizeBytes, log, signal: done.signal });
  try {
    const [[code], errors] = await Promise.all([once(child, "close"), text(child.stderr)]);
    signal?.throwIfAborted();
    if (code !== 0) throw downloadFailed(distribution, errors);
  } finally {
    signal?.removeEventListener("abort", kill);
    done.abort();
    await told;
  }
  return join(folder, archive);
}

async function findPip(env: Environment): Promise<readonly [string, ...string[]]> {
  for (const pip of PIPS) {
    const [command, ...args] = pip;
    const [answer] = await Promise.allSettled([promisify(execFile)(command, [...args, "--version"], { env })]);
    if (answer.status === "fulfilled") return pip;
  }
  throw new ToolchainError(
    "INSTALLATION_FAILED",
    "Cannot install Spark: Python's pip, by which it is downloaded, is not on PATH; install it (Debian, Ubuntu: apt install python3-pip; Fedora: dnf install python3-pip; macOS: brew install python), or get Spark from https://spark.apache.org/downloads.html and set SPARK_HOME",
  );
}

function downloadFailed({ version, sha256 }: SparkDistribution, errors: string): ToolchainError {
  const lines = errors.trim().split("\n").slice(-QUOTED_LINES).join("\n");
  return new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot download pyspark ${version}: ${reasonOf(errors, sha256)}. pip says:\n${lines}`,
  );
}

function reasonOf(errors: string, sha256: string): string {
  if (/No space left on device|Errno 28/.test(errors))
    return "the disk is full; make space, or set XDG_CACHE_HOME to a folder elsewhere";
  if (errors.includes("DO NOT MATCH THE HASHES"))
    return `what PyPI or its mirror sends has not the SHA-256 ${sha256}; use another mirror`;
  if (/ConnectionError|NewConnectionError|Max retries|Temporary failure|Could not find a version/.test(errors)) {
    return "pip does not reach PyPI; check the network, or name a mirror (PIP_INDEX_URL) or a proxy (HTTPS_PROXY)";
  }
  return "pip has failed";
}

/** A line every few seconds with what pip has got, until the signal aborts. pip itself writes none where there is no terminal. */
async function reportProgress({
  folder,
  sizeBytes,
  log,
  signal,
}: {
  folder: string;
  sizeBytes: number;
  log: (line: string) => void;
  signal: AbortSignal;
}): Promise<void> {
  let last = 0;
  try {
    for await (const _ of ticks(PROGRESS_MS, undefined, { signal })) {
      const bytes = await largestFile(folder);
      if (bytes > last && bytes <= sizeBytes) log(`downloaded ${megabytes(bytes)} of ${megabytes(sizeBytes)} MB`);
      last = bytes;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** pip removes folders while they are listed. */
async function largestFile(folder: string): Promise<number> {
  const [found] = await Promise.allSettled([readdir(folder, { recursive: true })]);
  const names = found.status === "fulfilled" ? found.value : [];
  const stats = await Promise.allSettled(names.map((name) => stat(join(folder, name))));
  return Math.max(0, ...stats.map((each) => (each.status === "fulfilled" ? each.value.size : 0)));
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 1e6).toString();
}
