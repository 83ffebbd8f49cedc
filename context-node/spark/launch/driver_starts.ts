import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DriverStart } from "../process/driver.ts";
import type { ContextPlan } from "../settings/context_plan.ts";
import { isLocal, isLocalCluster } from "../settings/spark_master.ts";
import type { SparkConfig } from "../spark_config.ts";
import {
  type DriverCommand,
  type DriverProfile,
  javaCommand,
  type LaunchRequest,
  printProperties,
  submitCommand,
  submitProperties,
} from "./driver_command.ts";
import type { Installation } from "./installation.ts";

const MEBIBYTE = 1024 * 1024;

/** What the processes of a driver may take together, beside half as much again as its memory: the kernel ends one that takes more. */
const SPARE_ROOM_BYTES = 256 * MEBIBYTE;

/** Time that a JVM may take to write its archive, in milliseconds: some seconds, many times that on a machine under load. */
const WRITE_MS = 180_000;

/** Time of an application to stop by itself, in milliseconds: one in a cluster says goodbye to it. */
const LOCAL_STOP_MS = 2_000;
const CLUSTER_STOP_MS = 5_000;

interface StartDeps {
  readonly config: SparkConfig;
  readonly installation: Installation;
  /** `host:port` that drivers connect back to. */
  readonly connectTo: LaunchRequest["connectTo"];
}

/** A driver by plain `java`, for a context or as a spare: that is no less urgent, as no process gets back a priority that it gave up. */
export function plainStart(
  { config, installation, connectTo }: StartDeps,
  profile: DriverProfile,
  { isSpare, memoryBytes, isConcealed }: { isSpare: boolean; memoryBytes: number; isConcealed: boolean },
): DriverStart {
  const { parts, archive, confinement } = installation;
  return {
    ...startOf(config, { profile, memoryBytes, isConcealed }),
    isUrgent: true,
    async command(own) {
      const request = { ...own, profile, connectTo, isSpare, archiveOptions: archive.options() };
      const command = javaCommand(parts, config, request);
      return confinement?.confine(command) ?? command;
    },
  };
}

/** A driver that gets warm and writes the archive of classes at its end. It never has a job, and is not confined so that it can write. */
export function archivingStart(
  { config, installation, connectTo }: StartDeps,
  profile: DriverProfile,
  { archiveOptions, memoryBytes }: { archiveOptions: readonly string[]; memoryBytes: number },
): DriverStart {
  return {
    // Writing it takes memory beside that of the driver.
    ...startOf(config, { profile, memoryBytes: 2 * memoryBytes, isConcealed: false }),
    isUrgent: false,
    lastWordsMs: WRITE_MS,
    async command(own) {
      return javaCommand(installation.parts, config, { ...own, profile, connectTo, isSpare: true, archiveOptions });
    },
  };
}

/** A driver by `spark-submit`. */
export function submitStart(
  { config, installation, connectTo }: StartDeps,
  plan: ContextPlan,
  { memoryBytes, isConcealed }: { memoryBytes: number; isConcealed: boolean },
): DriverStart {
  const { parts, confinement } = installation;
  const profile = { heapBytes: plan.heapBytes, env: plan.env };
  return {
    ...startOf(config, { profile, memoryBytes, isConcealed }),
    isUrgent: true,
    isSubmitted: config.deployMode === "cluster",
    async command(own): Promise<DriverCommand> {
      const request = { ...own, profile, connectTo };
      const propertiesFile = join(own.folder, "spark.properties");
      // Nobody reads them in a list of processes.
      const properties = printProperties(submitProperties(parts, config, { plan, request }));
      await writeFile(propertiesFile, properties, { mode: 0o600 });
      const command = submitCommand(parts, config, { request, plan, propertiesFile });
      return confinement?.confine(command) ?? command;
    },
  };
}

function startOf(
  { master }: SparkConfig,
  { profile, memoryBytes, isConcealed }: { profile: DriverProfile; memoryBytes: number; isConcealed: boolean },
): Omit<DriverStart, "command" | "isUrgent"> {
  const limitBytes = Math.ceil(memoryBytes * 1.5) + SPARE_ROOM_BYTES;
  return {
    heapBytes: profile.heapBytes,
    memoryLimitBytes: isLocalCluster(master) ? undefined : limitBytes,
    isSubmitted: false,
    stopMs: isLocal(master) ? LOCAL_STOP_MS : CLUSTER_STOP_MS,
    isConcealed,
  };
}
