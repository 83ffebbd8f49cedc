import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Removes a Unix socket that nobody listens on, as a process leaves it that was killed. Whatever else has the path stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const [found] = await Promise.allSettled([lstat(path)]);
  if (found.status === "rejected" || !found.value.isSocket()) return;
  const socket = connect(path);
  const [connected] = await Promise.allSettled([once(socket, "connect")]);
  socket.destroy();
  if (connected.status === "rejected" && connected.reason.code === "ECONNREFUSED") await unlink(path);
}
