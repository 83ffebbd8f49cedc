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

/** Fixed part of the memory limit of a driver, in bytes, beside 1.5 times the memory of its context. The kernel kills a driver above the limit. */
const SPARE_ROOM_BYTES = 256 * MEBIBYTE;

/** Time limit for a JVM to write its archive, in milliseconds: it takes some seconds, much longer on a machine under load. */
const WRITE_MS = 180_000;

/** Time for an application to stop by itself, in milliseconds. In a cluster it unregisters first. */
const LOCAL_STOP_MS = 2_000;
const CLUSTER_STOP_MS = 5_000;

interface StartDeps {
  readonly config: SparkConfig;
  readonly installation: Installation;
  /** `host:port` that drivers connect back to. */
  readonly connectTo: LaunchRequest["connectTo"];
}

/** Starts a driver by plain `java`, for a context or as a spare. A spare has the same priority: a process cannot raise it again later. */
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

/** Starts a driver that warms up and writes the archive of classes when it exits. It runs no job, and is not confined because it writes to the cache. */
export function archivingStart(
  { config, installation, connectTo }: StartDeps,
  profile: DriverProfile,
  { archiveOptions, memoryBytes }: { archiveOptions: readonly string[]; memoryBytes: number },
): DriverStart {
  return {
    // Writing the archive needs memory in addition to that of the driver.
    ...startOf(config, { profile, memoryBytes: 2 * memoryBytes, isConcealed: false }),
    isUrgent: false,
    lastWordsMs: WRITE_MS,
    async command(own) {
      return javaCommand(installation.parts, config, { ...own, profile, connectTo, isSpare: true, archiveOptions });
    },
  };
}

/** Starts a driver by `spark-submit`. */
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
      // A file, so that no list of processes shows the properties.
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
