import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Environment } from "./cache.ts";
import { ToolchainError } from "./error.ts";
import type { Spark } from "./find_spark.ts";
import { type MavenJar, mavenJar } from "./maven.ts";

/** A library that the job API needs and Spark does not have. */
interface Library extends MavenJar {
  /** Recognizes it, of any version, among the jars that an operator names. */
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
  /** Jars that the operator names: they replace those of Maven. */
  readonly named?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Paths of the jars that the job API needs beside Spark's: those that the operator names, else those in the user's cache, which is filled
 * from Maven. Rejects with a ToolchainError.
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
    `Cannot read the configured library "${path}": ${readable.reason.message}; correct its path, or leave it out to have it from Maven`,
  );
}
