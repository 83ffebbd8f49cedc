import { type ChildProcess, spawn } from "node:child_process";

/** Waits for the end of a pipe that this process holds open, then kills a process group. */
const KILL_AT_END = 'read -r _; kill -s KILL -- "-$1"';

/**
 * Starts a shell that kills a process, the leader of its group, if this process ends without having ended it, even if this process was killed:
 * the next start needs its ports and stores. The shell ends with the process.
 */
export function startGuard(child: ChildProcess): ChildProcess {
  const args = ["-c", KILL_AT_END, "guard", String(child.pid)];
  // Also in its own group, so that signals to our group do not reach it.
  const guard = spawn("/bin/sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.once("exit", () => guard.kill("SIGKILL"));
  return guard;
}
