import { SPARK_SETTINGS } from "../../../cluster/mod.ts";
import type { SandboxSpec } from "../../runtime/mod.ts";
import type { ContextKind } from "../protocol/driver_protocol.ts";
import type { SparkConfig } from "../spark_config.ts";
import { heapOf } from "./driver_heap.ts";
import { type FlatSettings, flattenSettings, settingsBelow } from "./flat_settings.ts";
import { coresOf, isLocal, isOnThisMachine, localMaster } from "./spark_master.ts";

/** The Spark application of a context, derived from its settings and the configuration of the node. */
export interface ContextPlan {
  readonly name: string;
  readonly kind: ContextKind;
  /** Settings of the application; see `NodeMessage.init`. */
  readonly conf: Readonly<Record<string, string>>;
  readonly hadoop: Readonly<Record<string, string>>;
  readonly batchIntervalMs: number;
  readonly master: string;
  readonly heapBytes: number;
  /** Environment of the driver's process, in addition to that of the node. */
  readonly env: Readonly<Record<string, string>>;
  /** The user in whose name Hadoop runs the application. */
  readonly proxyUser: string | undefined;
  /** Whether only `spark-submit` can start the application. */
  readonly needsSubmit: boolean;
  /** Sentences about ignored settings. */
  readonly warnings: readonly string[];
}

type Operator = Pick<SparkConfig, "master" | "deployMode" | "conf" | "hadoop" | "env">;

/** Default batch interval of a streaming context, in milliseconds, as in spark-jobserver. */
const BATCH_INTERVAL_MS = 1000;

/** Variables by which Hadoop runs an application for another user. They would bypass the rules for `spark.proxy.user`. */
const HADOOP_USERS: ReadonlySet<string> = new Set(["HADOOP_PROXY_USER", "HADOOP_USER_NAME"]);

/** Lowest settings of every application. Nobody may end jobs through Spark's own pages. */
const BEGINNING: Readonly<Record<string, string>> = {
  "spark.ui.port": "0",
  "spark.ui.killEnabled": "false",
  "spark.ui.showConsoleProgress": "false",
};

/** Settings that only the operator of the node or Hearth decides, and where. */
const DECIDED_ELSEWHERE: readonly { readonly name: RegExp; readonly where: string }[] = [
  { name: /^spark\.master$/, where: "it is node.spark.master of the node's configuration" },
  { name: /^spark\.app\.name$/, where: "it is the name of the context" },
  { name: /^spark\.submit\./, where: "it is node.spark.deployMode of the node's configuration" },
  { name: /^spark\.driver\.memory$/, where: "it follows from the memory of the context (memoryBytes)" },
];

/** Settings that no application gets: `spark.home` belongs to the node, `spark.proxy.user` is an option of `spark-submit`. */
const NOT_OF_APPLICATIONS = /^spark\.(home$|proxy\.user$|jobserver\.|context-settings\.)/;

/** Settings that take effect only where `spark-submit` starts the driver. */
const SUBMIT_ONLY =
  /^spark\.(jars|files|archives)($|\.)|^spark\.driver\.(extra|default|userClassPathFirst)|^spark\.(yarn|kubernetes|kerberos)\./;

/** Plans the application of a context. Throws an Error that names an invalid setting, and what to write instead. */
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

/** Drops the variables that belong to the node. */
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

/** Executors and storage are on the network, so a driver has all of it. */
function networkWarnings({ permissions }: SandboxSpec["settings"]): string[] {
  if ((permissions?.net ?? []).length === 0) return [];
  return [
    "permissions.net does not hold for a Spark context: its jobs may connect to whatever its node and executors reach",
  ];
}

/** Settings of the application from those of the context: `spark.*`, then `launcher.spark.*` and `passthrough.*` without their prefix. */
function givenConf(flat: FlatSettings): { given: Record<string, string>; warnings: string[] } {
  const own = settingsBelow(flat, "spark.").map(([name, value]) => [`spark.${name}`, value] as const);
  const launcher = settingsBelow(flat, "launcher.").filter(([name]) => name.startsWith("spark."));
  const passed = settingsBelow(flat, "passthrough.");
  const given: Record<string, string> = {};
  const warnings = new Set<string>();
  // The gateway uses it as the memory of the context.
  const said = launcher.filter(([name]) => name !== SPARK_SETTINGS.driverMemory);
  for (const [name, value] of [...own, ...said, ...passed]) {
    if (NOT_OF_APPLICATIONS.test(name)) continue;
    const elsewhere = DECIDED_ELSEWHERE.find((each) => each.name.test(name));
    if (elsewhere === undefined) given[name] = value;
    else warnings.add(`The setting ${name} was left out: ${elsewhere.where}`);
  }
  return { given, warnings: [...warnings] };
}

/** Derives the kind from the simple class name of a factory of spark-jobserver. The gateway refuses unknown factories. */
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
