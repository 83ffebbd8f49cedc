import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setInterval as ticks } from "node:timers/promises";
import { promisify } from "node:util";
import { type Environment, ToolchainError } from "../toolchain/mod.ts";
import type { SparkDistribution } from "./versions.ts";

/** Commands for pip, in order of preference. */
const PIPS: readonly (readonly [string, ...string[]])[] = [
  ["python3", "-m", "pip"],
  ["pip3"],
  ["pip"],
  ["python", "-m", "pip"],
];

const PROGRESS_MS = 5_000;

/** Number of lines that an error quotes of pip's output. */
const QUOTED_LINES = 8;

export interface DownloadOptions {
  /** An empty folder for the archive, and for pip's own temporary files. */
  readonly folder: string;
  readonly env: Environment;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Downloads a distribution from PyPI, or from the mirror in pip's configuration. Resolves to the path of the archive. Rejects with a ToolchainError. */
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
  // A process group, as `python3` may be a wrapper script around the real process.
  const child = spawn(command, [...args, ...download, "--progress-bar=off", "--dest", folder, "-r", requirements], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...env, TMPDIR: temporary },
    detached: true,
  });
  const kill = () => {
    const isRunning = child.exitCode === null && child.signalCode === null;
    if (isRunning && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  signal?.addEventListener("abort", kill);
  const done = new AbortController();
  const reporting = reportProgress({ folder: temporary, sizeBytes, log, signal: done.signal });
  try {
    const [[code], errors] = await Promise.all([once(child, "close"), text(child.stderr)]);
    signal?.throwIfAborted();
    if (code !== 0) throw downloadFailed(distribution, errors);
  } finally {
    signal?.removeEventListener("abort", kill);
    done.abort();
    await reporting;
  }
  return join(folder, archive);
}

export async function findPip(env: Environment): Promise<readonly [string, ...string[]]> {
  for (const pip of PIPS) {
    const [command, ...args] = pip;
    const [answer] = await Promise.allSettled([promisify(execFile)(command, [...args, "--version"], { env })]);
    if (answer.status === "fulfilled") return pip;
  }
  throw new ToolchainError(
    "INSTALLATION_FAILED",
    "Cannot install Spark: Python's pip, which downloads it, is not on PATH; install it (Debian, Ubuntu: apt install python3-pip; Fedora: dnf install python3-pip; macOS: brew install python), or download Spark from https://spark.apache.org/downloads.html and set SPARK_HOME",
  );
}

function downloadFailed({ version, sha256 }: SparkDistribution, errors: string): ToolchainError {
  const lines = errors.trim().split("\n").slice(-QUOTED_LINES).join("\n");
  return new ToolchainError(
    "INSTALLATION_FAILED",
    `Cannot download pyspark ${version}: ${reasonOf(errors, sha256)}. Output of pip:\n${lines}`,
  );
}

function reasonOf(errors: string, sha256: string): string {
  if (/No space left on device|Errno 28/.test(errors))
    return "the disk is full; free some space, or set XDG_CACHE_HOME to a folder elsewhere";
  if (errors.includes("DO NOT MATCH THE HASHES"))
    return `the SHA-256 of the download is not ${sha256}; use another mirror`;
  if (/ConnectionError|NewConnectionError|Max retries|Temporary failure|Could not find a version/.test(errors)) {
    return "pip cannot reach PyPI; check the network, or configure a mirror (PIP_INDEX_URL) or a proxy (HTTPS_PROXY)";
  }
  return "pip failed";
}

/** Logs the downloaded size every few seconds until the signal aborts. Without a terminal, pip itself logs no progress. */
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

/** Size of the largest file in bytes. Ignores errors, as pip removes files and folders meanwhile. */
async function largestFile(folder: string): Promise<number> {
  const [found] = await Promise.allSettled([readdir(folder, { recursive: true })]);
  const names = found.status === "fulfilled" ? found.value : [];
  const stats = await Promise.allSettled(names.map((name) => stat(join(folder, name))));
  return Math.max(0, ...stats.map((each) => (each.status === "fulfilled" ? each.value.size : 0)));
}

function megabytes(bytes: number): string {
  return Math.round(bytes / 1e6).toString();
}
