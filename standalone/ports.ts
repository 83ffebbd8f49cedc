import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { parseAddress } from "../cluster/mod.ts";
import { BESIDE_ANOTHER } from "./lock.ts";

/** Rejects, saying what to do, if this process cannot listen on `host:port`. */
export async function requireFreePort(listen: string): Promise<void> {
  const { host, port } = parseAddress(listen);
  const server = createServer().listen({ host, port });
  try {
    await once(server, "listening");
  } catch (error) {
    const choose = `Choose another, beside a Hearth that runs also another folder: ${BESIDE_ANOTHER}`;
    throw new Error(`Cannot listen on "${listen}": ${reasonOf(error)}. ${choose}`, { cause: error });
  } finally {
    server.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return "another process has the port";
  return error instanceof Error ? error.message : String(error);
}

/**
 * A free port on loopback for a server that restarts on the same port. It is outside the range of ephemeral ports, so the system does not
 * assign it to another process while the server is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer().listen(port, "127.0.0.1");
    const [listening] = await Promise.allSettled([once(server, "listening")]);
    if (listening.status === "rejected") continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
