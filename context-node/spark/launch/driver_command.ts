import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ContextPlan } from "../settings/context_plan.ts";
import { isLocal, isOnThisMachine } from "../settings/spark_master.ts";
import type { SparkConfig } from "../spark_config.ts";
import type { Java, Spark } from "../toolchain/mod.ts";
import { moduleOptions, tuningOptions } from "./java_options.ts";

/** The main class of the driver. */
const MAIN = "hearth.driver.Main";

/** The programs and jars that a driver starts from. */
export interface DriverParts {
  readonly spark: Spark;
  readonly java: Java;
  /** The compiled driver with the job API. */
  readonly driverJar: string;
  /** Jars that the driver needs in addition to Spark's. */
  readonly libraries: readonly string[];
}

/** Properties of a driver process that are fixed when it starts. */
export interface DriverProfile {
  readonly heapBytes: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface LaunchRequest {
  readonly profile: DriverProfile;
  /** Folder of the process alone. */
  readonly folder: string;
  readonly token: string;
  /** `host:port` to connect back to. */
  readonly connectTo: { readonly host: string; readonly port: number };
  /** Whether the driver warms up while it waits. */
  readonly isSpare?: boolean | undefined;
  /** Options of the JVM for its archive of classes. */
  readonly archiveOptions?: readonly string[] | undefined;
}

/** A command line with its whole environment: a driver inherits none of the node's variables. */
export interface DriverCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Bubblewrap runs it, and reads these further arguments from a pipe. */
  readonly hiddenArguments?: readonly string[] | undefined;
}

type Operator = Pick<SparkConfig, "master" | "deployMode" | "environment" | "env">;

/** Builds the command line for plain `java`. It is a second faster than `spark-submit`, which first starts a JVM of its own. */
export function javaCommand(parts: DriverParts, operator: Operator, request: LaunchRequest): DriverCommand {
  const { spark, java } = parts;
  const { profile, folder, connectTo, archiveOptions = [] } = request;
  const { heapBytes } = profile;
  return {
    file: java.command,
    args: [
      `-Xmx${heapBytes / 1024}k`,
      "-Xss4m",
      ...tuningOptions({ heapBytes, coordinates: !isLocal(operator.master) }),
      ...archiveOptions,
      ...moduleOptions(spark.major),
      ...ownFolders(folder),
      ...["-cp", classPath(parts, { ...operator.env, ...profile.env }).join(":")],
      ...[MAIN, connectTo.host, String(connectTo.port)],
    ],
    env: environment(parts, operator, request),
    folder,
  };
}

/** Builds the command line for `spark-submit`, which has to prepare applications in foreign clusters, and those with settings that only it reads. */
export function submitCommand(
  parts: DriverParts,
  operator: Operator,
  { request, plan, propertiesFile }: { request: LaunchRequest; plan: ContextPlan; propertiesFile: string },
): DriverCommand {
  const { spark, driverJar } = parts;
  const { connectTo } = request;
  const user = plan.proxyUser === undefined ? [] : ["--proxy-user", plan.proxyUser];
  return {
    file: join(spark.home, "bin", "spark-submit"),
    args: [
      ...["--properties-file", propertiesFile, "--master", plan.master, "--deploy-mode", operator.deployMode],
      ...["--class", MAIN, ...user, driverJar, connectTo.host, String(connectTo.port)],
    ],
    env: environment(parts, operator, request),
    folder: request.folder,
  };
}

/** Spark properties of an application that `spark-submit` starts. */
export function submitProperties(
  parts: DriverParts,
  operator: Operator,
  { plan, request }: { plan: ContextPlan; request: LaunchRequest },
): Record<string, string> {
  const { conf, master, heapBytes } = plan;
  const own = operator.deployMode === "client" ? ownFolders(request.folder) : [];
  const options = [...tuningOptions({ heapBytes, coordinates: !isLocal(master) }), "-Xss4m", ...own];
  const jars = [...parts.libraries, ...listOf(conf["spark.jars"])];
  // The cluster sets the environment of drivers that it runs.
  const driverEnv = { ...request.profile.env, HEARTH_DRIVER_TOKEN: request.token };
  const inCluster = operator.deployMode === "cluster" ? driverEnv : {};
  const carried = Object.entries(inCluster).flatMap(([name, value]) => [
    [`spark.yarn.appMasterEnv.${name}`, value],
    [`spark.kubernetes.driverEnv.${name}`, value],
  ]);
  return {
    ...conf,
    ...Object.fromEntries(carried),
    "spark.jars": jars.join(","),
    "spark.driver.defaultJavaOptions": [...options, ...wordsOf(conf["spark.driver.defaultJavaOptions"])].join(" "),
  };
}

/** Prints properties in the format of Java. Escapes what would end a name, a value or a line. */
export function printProperties(properties: Readonly<Record<string, string>>): string {
  const escaped = (text: string): string =>
    text.replaceAll(/[\\\s=:#!]|[^\x20-\x7e]/g, (each) =>
      /[\x21-\x7e]/.test(each) ? `\\${each}` : Array.from(units(each), escapeUnit).join(""),
    );
  return Object.entries(properties)
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}\n`)
    .join("");
}

function* units(text: string): Generator<number> {
  for (let index = 0; index < text.length; index++) yield text.charCodeAt(index);
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

/** The class path, in the order of Spark's own launcher: folders that configure Spark and Hadoop, the driver, its libraries, Spark's jars. */
export function classPath(
  { spark, driverJar, libraries }: Pick<DriverParts, "spark" | "driverJar" | "libraries">,
  env: Readonly<Record<string, string>>,
): string[] {
  const folders = [env["SPARK_CONF_DIR"] ?? join(spark.home, "conf"), env["HADOOP_CONF_DIR"], env["YARN_CONF_DIR"]];
  // Java supports no archive of classes for a class path with a folder that is not empty.
  const used = folders.flatMap((folder) => (folder === undefined || isEmpty(folder) ? [] : [folder]));
  return [...used, driverJar, ...libraries, join(spark.jars, "*")];
}

function isEmpty(folder: string): boolean {
  return !existsSync(folder) || readdirSync(folder).length === 0;
}

function ownFolders(folder: string): string[] {
  const temporary = join(folder, "tmp");
  return [`-Djava.io.tmpdir=${temporary}`, `-Duser.home=${join(folder, "home")}`, `-Dderby.system.home=${folder}`];
}

function environment(
  { spark, java }: DriverParts,
  operator: Operator,
  { folder, token, profile, isSpare }: LaunchRequest,
): Record<string, string> {
  const { PATH = "/usr/bin:/bin", LANG = "C.UTF-8", TZ } = operator.environment;
  const temporary = join(folder, "tmp");
  return {
    PATH,
    LANG,
    ...(TZ === undefined ? {} : { TZ }),
    HOME: join(folder, "home"),
    TMPDIR: temporary,
    SPARK_LOCAL_DIRS: temporary,
    // The Java that runs the driver need not be the one on PATH.
    JAVA_HOME: java.home ?? dirname(dirname(java.command)),
    SPARK_HOME: spark.home,
    // Executors on the same machine start without Spark's scripts, which would detect the version.
    SPARK_SCALA_VERSION: spark.scalaVersion,
    ...(isOnThisMachine(operator) ? { SPARK_LOCAL_IP: "127.0.0.1" } : {}),
    ...profile.env,
    ...(isSpare ? { HEARTH_SPARE: "warm" } : {}),
    HEARTH_DRIVER_TOKEN: token,
  };
}

/**
 * Spark's configuration for a driver. Executors in other processes fetch the classes of the job API from the driver. Leaves what `spark-submit`
 * has prepared unchanged.
 */
export function applicationConf(
  { driverJar, libraries }: Pick<DriverParts, "driverJar" | "libraries">,
  { conf, master, needsSubmit }: Pick<ContextPlan, "conf" | "master" | "needsSubmit">,
): Record<string, string> {
  if (needsSubmit)
    return Object.fromEntries(
      Object.entries(conf).filter(([name]) => !/^spark\.(jars|files|archives)($|\.)/.test(name)),
    );
  return isLocal(master) ? { ...conf } : { ...conf, "spark.jars": [driverJar, ...libraries].join(",") };
}

function listOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(",").filter((each) => each !== "");
}

function wordsOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : [text];
}
