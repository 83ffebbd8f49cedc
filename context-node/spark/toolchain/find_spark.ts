import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Environment, sparkCache } from "./cache.ts";
import { ToolchainError } from "./error.ts";

/** A Spark on this machine. */
export interface Spark {
  /** Absolute path, as in SPARK_HOME. */
  readonly home: string;
  /** Such as `4.3.0`. */
  readonly version: string;
  readonly major: number;
  /** The Scala version of its jars, and of jobs for it. */
  readonly scalaVersion: "2.12" | "2.13";
  /** Folder of its jars. */
  readonly jars: string;
}

/** The jar by which a Spark is recognized: `spark-core_2.13-4.3.0.jar`. */
const CORE_JAR = /^spark-core_(?<scala>\d+\.\d+)-(?<version>(?<major>\d+)\.(?<minor>\d+)\.\d+.*)\.jar$/;

const HOW_TO_GET_SPARK = "run `npm run spark:install`, or set SPARK_HOME to the folder of a Spark 3.5 or 4";

/**
 * Finds the Spark of `home`, else that of SPARK_HOME, else the newest that `npm run spark:install` has installed. Starts no process.
 * Rejects with a ToolchainError.
 */
export async function findSpark({ home, env }: { home?: string | undefined; env: Environment }): Promise<Spark> {
  if (home !== undefined) return await readSpark(home, `the configured Spark "${home}"`);
  const { SPARK_HOME: named } = env;
  if (named !== undefined && named !== "") return await readSpark(named, `SPARK_HOME "${named}"`);
  const cache = sparkCache(env);
  const [newest] = (await listFolder(cache)).filter((name) => /^\d+\.\d+\.\d+$/.test(name)).sort(newestFirst);
  if (newest === undefined) {
    throw new ToolchainError(
      "SPARK_MISSING",
      `Cannot find Spark: none is configured, SPARK_HOME is not set, and ${cache} has none; ${HOW_TO_GET_SPARK}`,
    );
  }
  return await readSpark(join(cache, newest), `the installed Spark "${join(cache, newest)}"`);
}

async function readSpark(folder: string, subject: string): Promise<Spark> {
  const home = resolve(folder);
  const jars = join(home, "jars");
  const core = (await listFolder(jars)).map((name) => CORE_JAR.exec(name)).find((match) => match !== null);
  const { scala, version, major, minor } = core?.groups ?? {};
  if (version === undefined) {
    throw new ToolchainError(
      "SPARK_INCOMPLETE",
      `Cannot use ${subject}: it has no jars/spark-core_<Scala>-<version>.jar; ${HOW_TO_GET_SPARK}`,
    );
  }
  const isSupported = major === "4" || (major === "3" && Number(minor) >= 5);
  if (!isSupported || (scala !== "2.12" && scala !== "2.13")) {
    throw new ToolchainError(
      "SPARK_UNSUPPORTED",
      `Cannot use ${subject}: it is Spark ${version} for Scala ${scala}; ${HOW_TO_GET_SPARK}`,
    );
  }
  return { home, version, major: Number(major), scalaVersion: scala, jars };
}

/** Names in a folder, or none if the folder does not exist. */
async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new ToolchainError("SPARK_INCOMPLETE", `Cannot look for Spark in ${folder}: ${message}`, { cause: error });
  }
}

function newestFirst(one: string, other: string): number {
  return other.localeCompare(one, "en", { numeric: true });
}
