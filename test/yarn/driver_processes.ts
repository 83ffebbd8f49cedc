import { readdirSync, readFileSync } from "node:fs";
import { descendantsOf } from "../system/npm_start.ts";

/** Id of the driver that a node has started. Linux. */
export async function driverOfNode(nodePid: number): Promise<number> {
  const descendants = await descendantsOf(nodePid);
  return onlyOne(
    "hearth.driver.Main",
    // Another one may run beside it to write the archive of classes.
    descendants.filter(
      (pid) => isJava(pid, ["hearth.driver.Main"]) && !commandOf(pid).includes("ArchiveClassesAtExit"),
    ),
  );
}

/** Id of the container that is the driver of an application. Linux. */
export function driverInCluster(applicationId: string): number {
  const master = "org.apache.spark.deploy.yarn.ApplicationMaster";
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return onlyOne(
    applicationId,
    pids.map(Number).filter((pid) => isJava(pid, [master, applicationId])),
  );
}

function onlyOne(what: string, pids: readonly number[]): number {
  const [pid, ...others] = pids;
  if (pid === undefined || others.length > 0) throw new Error(`Found ${pids.length} driver processes of ${what}`);
  return pid;
}

/** Whether the process is a JVM with these words in its command line. */
function isJava(pid: number, words: readonly string[]): boolean {
  const command = commandOf(pid);
  return /^(\S*\/)?java /.test(command) && words.every((word) => command.includes(word));
}

/** Nothing for a process that has ended meanwhile. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}
