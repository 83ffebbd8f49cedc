import { isLoopbackHost } from "../../../cluster/mod.ts";
import type { SparkConfig } from "../spark_config.ts";

/** `local`, `local[4]`, `local[*]`, `local[*,3]`: executor and driver are one process. */
const LOCAL = /^local(?:\[(?<cores>\*|\d+)(?<rest>,\d+)?\])?$/;

export function isLocal(master: string): boolean {
  return LOCAL.test(master);
}

/** `local-cluster[2,1,1024]`: the driver starts a cluster of its own, for tests. */
export function isLocalCluster(master: string): boolean {
  return master.startsWith("local-cluster[");
}

/** Whether the driver reaches its executors over loopback only. */
export function isOnThisMachine({ master, deployMode }: Pick<SparkConfig, "master" | "deployMode">): boolean {
  if (deployMode === "cluster") return false;
  if (isLocal(master) || isLocalCluster(master)) return true;
  const hosts = /^spark:\/\/(?<hosts>.+)$/.exec(master)?.groups?.["hosts"]?.split(",") ?? [];
  return hosts.length > 0 && hosts.every((host) => isLoopbackHost(host.replace(/:\d+$/, "")));
}

export function coresOf(text: string | undefined): number | undefined {
  const cores = Number(text);
  return Number.isInteger(cores) && cores > 0 ? cores : undefined;
}

/** The operator's local master with the cores that a context asks for: no more than the operator allows. */
export function localMaster(master: string, cores: number | undefined): string {
  const { cores: allowed = "1", rest = "" } = LOCAL.exec(master)?.groups ?? {};
  if (cores === undefined) return master;
  return `local[${allowed === "*" ? cores : Math.min(cores, Number(allowed))}${rest}]`;
}
