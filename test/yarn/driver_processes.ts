import { readdirSync, readFileSync } from "node:fs";

/** What runs the driver: in client mode it is a process of its own, in cluster mode a container of the application. */
const MAIN_CLASSES: Readonly<Record<string, string>> = {
  client: "hearth.driver.Main",
  cluster: "org.apache.spark.deploy.yarn.ApplicationMaster",
};

/** Id of the process that is the driver of an application. Linux. */
export function driverOf(applicationId: string, deployMode: string): number {
  const main = MAIN_CLASSES[deployMode] ?? "";
  const found = javaProcesses().filter(
    ({ command }) => command.includes(main) && (deployMode === "client" || command.join(" ").includes(applicationId)),
  );
  const [driver, ...others] = found;
  if (driver === undefined || others.length > 0) throw new Error(`Found ${found.length} drivers of ${applicationId}`);
  return driver.pid;
}

function javaProcesses(): { pid: number; command: readonly string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), command: commandOf(name) }))
    .filter(({ command }) => /(^|\/)java$/.test(command[0] ?? ""));
}

/** Nothing for a process that has ended meanwhile. */
function commandOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw error;
  }
}
