import { type ChildProcess, spawn } from "node:child_process";

/** Waits for the end of a pipe that this process holds open, then kills a process group. */
const KILL_AT_END = 'read -r _; kill -s KILL -- "-$1"';

/**
 * Starts a shell that kills a process, the leader of its group, as soon as this process is gone without having ended it, even when this one
 * was killed: then nobody else is left to do so, and whoever starts next needs its ports and stores. It ends with the process itself.
 */
export function startGuard(child: ChildProcess): ChildProcess {
  const args = ["-c", KILL_AT_END, "guard", String(child.pid)];
  // In a group of its own, too, out of reach of what is sent to ours.
  const guard = spawn("/bin/sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.once("exit", () => guard.kill("SIGKILL"));
  return guard;
}
