import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { cacheUnusable, type Environment, sparkCache } from "./cache.ts";
import { ToolchainError } from "./error.ts";
import type { Spark } from "./find_spark.ts";

/** Maven Central. HEARTH_MAVEN names a mirror of the same layout. */
const MAVEN_CENTRAL = "https://repo1.maven.org/maven2";

/** Time limit for the download of a jar (60 megabytes at most), in milliseconds. */
const DOWNLOAD_MS = 120_000;

/** A jar of Maven Central. */
export interface MavenJar {
  /** Path in the repository. */
  readonly path: string;
  readonly sha256: string;
}

/** A library that the job API needs and Spark does not have. */
interface Library extends MavenJar {
  /** Matches the file names of all its versions. */
  readonly pattern: RegExp;
}

const CONFIG: Library = {
  path: "com/typesafe/config/1.4.3/config-1.4.3.jar",
  sha256: "8ada4c185ce72416712d63e0b5afdc5f009c0cdf405e5f26efecdf156aa5dfb6",
  pattern: /^config-\d.*\.jar$/,
};

const SCALACTIC: Readonly<Record<Spark["scalaVersion"], Library>> = {
  "2.12": {
    path: "org/scalactic/scalactic_2.12/3.2.19/scalactic_2.12-3.2.19.jar",
    sha256: "a50a3248208b25e9797c447709fe4276026510beae01e82366f405a66d9a8d57",
    pattern: /^scalactic_2\.12-\d.*\.jar$/,
  },
  "2.13": {
    path: "org/scalactic/scalactic_2.13/3.2.19/scalactic_2.13-3.2.19.jar",
    sha256: "c27c33de17d450e29e66c16c5af4cfa33e8ffcf03c124f0a3d249d848cccd4af",
    pattern: /^scalactic_2\.13-\d.*\.jar$/,
  },
};

export interface LibraryOptions {
  readonly env: Environment;
  /** Jars from the configuration. They take precedence over Maven. */
  readonly named?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Paths of the jars that the job API needs in addition to Spark's: from the configuration, else from the user's cache, else downloaded from
 * Maven. Rejects with a ToolchainError.
 */
export async function findLibraries({ scalaVersion }: Spark, options: LibraryOptions): Promise<string[]> {
  const libraries = [CONFIG, SCALACTIC[scalaVersion]];
  return await Promise.all(
    libraries.map(async (library) => (await findNamed(library, options)) ?? (await mavenJar(library, options))),
  );
}

async function findNamed({ pattern }: Library, { named = [] }: LibraryOptions): Promise<string | undefined> {
  const path = named.find((each) => pattern.test(basename(each)));
  if (path === undefined) return undefined;
  const [readable] = await Promise.allSettled([access(path, constants.R_OK)]);
  if (readable.status === "fulfilled") return resolve(path);
  throw new ToolchainError(
    "LIBRARY_UNAVAILABLE",
    `Cannot read the configured library "${path}": ${readable.reason.message}; correct the path, or remove it to download the library from Maven`,
  );
}

/** Path of the jar in the user's cache, which is filled from Maven. Rejects with a ToolchainError. */
export async function mavenJar(
  { path, sha256 }: MavenJar,
  { env, signal }: Pick<LibraryOptions, "env" | "signal">,
): Promise<string> {
  const folder = join(sparkCache(env), "libraries");
  const file = join(folder, basename(path));
  const [kept] = await Promise.allSettled([readFile(file)]);
  if (kept.status === "fulfilled" && digestOf(kept.value) === sha256) return file;
  const url = `${(env["HEARTH_MAVEN"] ?? MAVEN_CENTRAL).replace(/\/+$/, "")}/${path}`;
  const content = await download(url, signal);
  if (digestOf(content) !== sha256) {
    throw unavailable(url, `its SHA-256 is ${digestOf(content)}, expected ${sha256}`);
  }
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(temporary, content, { flag: "wx" });
    await rename(temporary, file);
  } catch (cause) {
    throw cacheUnusable(folder, cause);
  } finally {
    await rm(temporary, { force: true });
  }
  return file;
}

async function download(url: string, signal: AbortSignal | undefined): Promise<Buffer> {
  const timeout = AbortSignal.timeout(DOWNLOAD_MS);
  try {
    const response = await fetch(url, { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
    if (!response.ok) throw new Error(`the server responded with ${response.status} ${response.statusText}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    signal?.throwIfAborted();
    const { message, cause: reason } = cause as Error;
    throw unavailable(url, reason instanceof Error ? reason.message : message, cause);
  }
}

function unavailable(url: string, reason: string, cause?: unknown): ToolchainError {
  return new ToolchainError(
    "LIBRARY_UNAVAILABLE",
    `Cannot get ${url}: ${reason}; set HEARTH_MAVEN to a reachable mirror of Maven Central, or name the jar in the configuration`,
    { cause },
  );
}

function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
