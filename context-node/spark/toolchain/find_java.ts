import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readFile, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Environment } from "./cache.ts";
import { ToolchainError } from "./error.ts";
import type { Spark } from "./find_spark.ts";

/** A Java on this machine. */
export interface Java {
  /** Path of the program `java`. */
  readonly command: string;
  /** Major version: 8, 11, 17, … */
  readonly version: number;
  /** Its JAVA_HOME, if known. */
  readonly home?: string;
}

/** Time limit for a Java that is asked for its version, in milliseconds. */
const ANSWER_MS = 20_000;

const HOW_TO_GET_JAVA =
  "install one (Debian, Ubuntu: apt install openjdk-17-jre-headless; Fedora: dnf install java-17-openjdk-headless; macOS: brew install openjdk@17) or set JAVA_HOME to the folder of one";

/**
 * Finds the Java of `javaHome`, else that of JAVA_HOME, else `java` on PATH; an unsuitable one is an error and
 * not skipped. Reads the file `release` of the Java, and starts a process only if that file is missing. Rejects with a ToolchainError if
 * there is no Java, or `spark` does not support it.
 */
export async function findJava({
  javaHome,
  env,
  spark,
}: {
  javaHome?: string | undefined;
  env: Environment;
  spark?: Spark | undefined;
}): Promise<Java> {
  const java = await locate(javaHome, env);
  if (spark !== undefined) requireSupported(java, spark);
  return java;
}

async function locate(javaHome: string | undefined, env: Environment): Promise<Java> {
  const { JAVA_HOME: named, PATH: path } = env;
  if (javaHome !== undefined) return await readHome(javaHome, `the configured Java "${javaHome}"`);
  if (named !== undefined && named !== "") return await readHome(named, `JAVA_HOME "${named}"`);
  for (const folder of (path ?? "").split(delimiter).filter((name) => name !== "")) {
    const command = join(folder, "java");
    if (await isProgram(command)) return await readOnPath(command);
  }
  throw new ToolchainError("JAVA_MISSING", `Cannot find Java: JAVA_HOME is not set, PATH has none; ${HOW_TO_GET_JAVA}`);
}

async function readHome(home: string, subject: string): Promise<Java> {
  const command = join(home, "bin", "java");
  if (!(await isProgram(command))) {
    throw new ToolchainError("JAVA_MISSING", `Cannot use ${subject}: it has no program bin/java; ${HOW_TO_GET_JAVA}`);
  }
  return (await readRelease(home, command)) ?? (await askJava(command, subject));
}

async function readOnPath(command: string): Promise<Java> {
  const home = dirname(dirname(await realpath(command)));
  return (await readRelease(home, join(home, "bin", "java"))) ?? (await askJava(command, `the Java "${command}"`));
}

/** Reads the file `release` of a Java. Wrappers that start another Java have none beside them. */
async function readRelease(home: string, command: string): Promise<Java | undefined> {
  if (!(await isProgram(command))) return undefined;
  const [release] = await Promise.allSettled([readFile(join(home, "release"), "utf8")]);
  if (release.status === "rejected") return undefined;
  const version = /^JAVA_VERSION="?(?<version>[\d.]+)/m.exec(release.value)?.groups?.["version"];
  return version === undefined ? undefined : { command, version: majorOf(version), home };
}

async function askJava(command: string, subject: string): Promise<Java> {
  const [answer] = await Promise.allSettled([
    promisify(execFile)(command, ["-XshowSettings:properties", "-version"], { timeout: ANSWER_MS }),
  ]);
  if (answer.status === "rejected") {
    throw new ToolchainError("JAVA_MISSING", `Cannot run ${subject}: ${answer.reason.message}; ${HOW_TO_GET_JAVA}`, {
      cause: answer.reason,
    });
  }
  const { stderr, stdout } = answer.value;
  const version = propertyOf(stderr + stdout, "java.version");
  const home = propertyOf(stderr + stdout, "java.home");
  if (version === undefined) {
    throw new ToolchainError(
      "JAVA_MISSING",
      `Cannot use ${subject}: it does not print its version; ${HOW_TO_GET_JAVA}`,
    );
  }
  return { command, version: majorOf(version), ...(home !== undefined && { home }) };
}

function propertyOf(settings: string, name: string): string | undefined {
  const line = settings.split("\n").find((each) => each.trim().startsWith(`${name} = `));
  return line?.slice(line.indexOf("=") + 1).trim();
}

/** `17` of `17.0.15`, `8` of `1.8.0_452`. */
function majorOf(version: string): number {
  const [first, second] = version.split(/[._-]/).map((part) => Number.parseInt(part, 10));
  return (first === 1 ? second : first) ?? Number.NaN;
}

function requireSupported({ version, command }: Java, spark: Spark): void {
  const isSupported = spark.major === 3 ? version >= 8 && version <= 17 : version >= 17;
  if (isSupported) return;
  const needed = spark.major === 3 ? "Java 8, 11 or 17" : "Java 17 or newer";
  throw new ToolchainError(
    "JAVA_UNSUPPORTED",
    `Cannot run Spark ${spark.version} with ${command}: it is Java ${version}, and Spark needs ${needed}; ${HOW_TO_GET_JAVA}`,
  );
}

async function isProgram(path: string): Promise<boolean> {
  const [reachable] = await Promise.allSettled([access(path, constants.X_OK)]);
  return reachable.status === "fulfilled";
}
