import { SPARK_SETTINGS } from "../../../cluster/mod.ts";
import type { SandboxSpec } from "../../runtime/mod.ts";
import type { ContextKind } from "../protocol/driver_protocol.ts";
import type { SparkConfig } from "../spark_config.ts";
import { heapOf } from "./driver_heap.ts";
import { type FlatSettings, flattenSettings, settingsBelow } from "./flat_settings.ts";
import { coresOf, isLocal, isOnThisMachine, localMaster } from "./spark_master.ts";

/** What a context asks of its Spark application. */
export interface ContextPlan {
  readonly name: string;
  readonly kind: ContextKind;
  /** Of the application; see `NodeMessage.init`. */
  readonly conf: Readonly<Record<string, string>>;
  readonly hadoop: Readonly<Record<string, string>>;
  readonly batchIntervalMs: number;
  readonly master: string;
  readonly heapBytes: number;
  /** Of the driver's process, beside what the node sets. */
  readonly env: Readonly<Record<string, string>>;
  /** The user as whom Hadoop runs the application. */
  readonly proxyUser: string | undefined;
  /** Only `spark-submit` can start it as it is asked for. */
  readonly needsSubmit: boolean;
  /** Settings that were left out, in sentences. */
  readonly warnings: readonly string[];
}

type Operator = Pick<SparkConfig, "master" | "deployMode" | "conf" | "hadoop" | "env">;

/** Interval of a streaming context that names none: spark-jobserver's default. */
const BATCH_INTERVAL_MS = 1000;

/** By these Hadoop would take the application for another user's, past the rules for `spark.proxy.user`. */
const HADOOP_USERS: ReadonlySet<string> = new Set(["HADOOP_PROXY_USER", "HADOOP_USER_NAME"]);

/** Settings of an application that every context begins with. Nobody is to end jobs through Spark's own pages. */
const BEGINNING: Readonly<Record<string, string>> = {
  "spark.ui.port": "0",
  "spark.ui.killEnabled": "false",
  "spark.ui.showConsoleProgress": "false",
};

/** What only the operator of the node, or Hearth, decides, and where it is said instead. */
const DECIDED_ELSEWHERE: readonly { readonly name: RegExp; readonly where: string }[] = [
  { name: /^spark\.master$/, where: "it is node.spark.master of the node's configuration" },
  { name: /^spark\.app\.name$/, where: "it is the name of the context" },
  { name: /^spark\.submit\./, where: "it is node.spark.deployMode of the node's configuration" },
  { name: /^spark\.driver\.memory$/, where: "it follows from the memory of the context (memoryBytes)" },
];

/** What is no setting of an application: `spark.home` is the node's, and `spark.proxy.user` is an option of `spark-submit`. */
const NOT_OF_APPLICATIONS = /^spark\.(home$|proxy\.user$|jobserver\.|context-settings\.)/;

/** Settings that take effect only where `spark-submit` starts the driver. */
const SUBMIT_ONLY =
  /^spark\.(jars|files|archives)($|\.)|^spark\.driver\.(extra|default|userClassPathFirst)|^spark\.(yarn|kubernetes|kerberos)\./;

/** What the settings of a context mean. Throws an Error that names a wrong one, and what to write. */
export function planContext(
  { name, settings }: Pick<SandboxSpec, "name" | "settings">,
  operator: Operator,
): ContextPlan {
  const flat = flattenSettings(settings.settings ?? {}, { context: name });
  const check = (setting: string, pattern: RegExp, wanted: string): string | undefined => {
    const value = flat.get(setting);
    if (value === undefined || pattern.test(value)) return value;
    throw new Error(`Cannot start Spark context "${name}": its setting ${setting} is "${value}"; give ${wanted}`);
  };
  const memory = SPARK_SETTINGS.memoryPerNode.map((setting) =>
    check(setting, /^[1-9]\d*[kmgt]?b?$/i, "a size such as 512m or 2g"),
  );
  const [executorMemory] = memory.filter((each) => each !== undefined);
  const cores =
    check(SPARK_SETTINGS.cores, /^[1-9]\d{0,8}$/, "a whole number of at least 1") ?? wholeCores(settings.cpuCores);
  const interval = check("streaming.batch_interval", /^[1-9]\d{0,8}$/, "a number of milliseconds");

  const heap = heapOf(settings.memoryBytes);
  const { given, warnings: leftOut } = givenConf(flat);
  const { env, warnings: envWarnings } = givenEnv(settings.env);
  const warnings = [...leftOut, ...envWarnings, ...networkWarnings(settings)];
  const wantedCores = coresOf(given[SPARK_SETTINGS.maxCores] ?? cores);
  const master = isLocal(operator.master) ? localMaster(operator.master, wantedCores) : operator.master;
  const proxyUser = flat.get(SPARK_SETTINGS.proxyUser) || undefined;
  const conf = {
    ...BEGINNING,
    ...(isOnThisMachine(operator) ? { "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1" } : {}),
    ...heap.conf,
    ...operator.conf,
    ...(cores === undefined ? {} : { [SPARK_SETTINGS.maxCores]: cores }),
    ...(executorMemory === undefined ? {} : { [SPARK_SETTINGS.executorMemory]: executorMemory }),
    ...given,
    "spark.app.name": name,
    "spark.master": master,
    [SPARK_SETTINGS.driverMemory]: `${heap.bytes / 1024}k`,
  };
  const isForeign = /^(yarn|k8s:)/.test(operator.master) || operator.deployMode === "cluster";
  return {
    ...{ name, kind: kindOf(flat.get(SPARK_SETTINGS.contextFactory) ?? ""), conf, master, proxyUser, warnings },
    hadoop: { ...operator.hadoop, ...Object.fromEntries(settingsBelow(flat, "hadoop.")) },
    batchIntervalMs: interval === undefined ? BATCH_INTERVAL_MS : Number(interval),
    heapBytes: heap.bytes,
    env: { ...operator.env, ...env },
    needsSubmit: isForeign || proxyUser !== undefined || Object.keys(conf).some((each) => SUBMIT_ONLY.test(each)),
  };
}

/** Names of the node's own are left out. */
function givenEnv(env: Readonly<Record<string, string>>): { env: Record<string, string>; warnings: string[] } {
  const isOwn = (name: string): boolean => name.startsWith("HEARTH_") || HADOOP_USERS.has(name);
  return {
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !isOwn(name))),
    warnings: Object.keys(env)
      .filter(isOwn)
      .map(
        (name) =>
          `env ${name} was left out: names that begin with HEARTH_, and those of Hadoop's users, are the node's own`,
      ),
  };
}

/** Spark's executors and its storage are on the network: drivers have all of it. */
function networkWarnings({ permissions }: SandboxSpec["settings"]): string[] {
  if ((permissions?.net ?? []).length === 0) return [];
  return [
    "permissions.net does not hold for a Spark context: its jobs may connect to whatever its node and executors reach",
  ];
}

/** What the context sets of its application: `spark.*` as it stands, then `launcher.spark.*` and `passthrough.*` without their prefix. */
function givenConf(flat: FlatSettings): { given: Record<string, string>; warnings: string[] } {
  const own = settingsBelow(flat, "spark.").map(([name, value]) => [`spark.${name}`, value] as const);
  const launcher = settingsBelow(flat, "launcher.").filter(([name]) => name.startsWith("spark."));
  const passed = settingsBelow(flat, "passthrough.");
  const given: Record<string, string> = {};
  const warnings = new Set<string>();
  // The gateway makes it the memory of the context.
  const said = launcher.filter(([name]) => name !== SPARK_SETTINGS.driverMemory);
  for (const [name, value] of [...own, ...said, ...passed]) {
    if (NOT_OF_APPLICATIONS.test(name)) continue;
    const elsewhere = DECIDED_ELSEWHERE.find((each) => each.name.test(name));
    if (elsewhere === undefined) given[name] = value;
    else warnings.add(`The setting ${name} was left out: ${elsewhere.where}`);
  }
  return { given, warnings: [...warnings] };
}

/** By the simple name of a factory of spark-jobserver's, in its old and new packages. The gateway refuses those that it does not know. */
function kindOf(factory: string): ContextKind {
  const simpleName = factory.slice(factory.lastIndexOf(".") + 1);
  if (/streaming/i.test(simpleName)) return "streaming";
  if (/hive/i.test(simpleName)) return "hive";
  if (/sql/i.test(simpleName)) return "sql";
  return /session/i.test(simpleName) ? "session" : "default";
}

function wholeCores(cpuCores: number): string | undefined {
  return cpuCores > 0 ? String(Math.ceil(cpuCores)) : undefined;
}
