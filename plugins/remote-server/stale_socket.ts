import { once } from "node:events";
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Removes a Unix socket without a listener, as a killed process leaves it. Anything else at the path stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const [found] = await Promise.allSettled([lstat(path)]);
  if (found.status === "rejected" || !found.value.isSocket()) return;
  const socket = connect(path);
  const [connected] = await Promise.allSettled([once(socket, "connect")]);
  socket.destroy();
  if (connected.status === "rejected" && connected.reason.code === "ECONNREFUSED") await unlink(path);
}
