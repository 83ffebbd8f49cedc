import { once } from "node:events";
import { createServer } from "node:net";

/** Rejects, saying what to do, when `host:port` cannot be listened on. */
export async function requireFreePort(listen: string): Promise<void> {
  const colon = listen.lastIndexOf(":");
  const server = createServer().listen({ host: listen.slice(0, colon), port: Number(listen.slice(colon + 1)) });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Error(
      `Cannot listen on "${listen}": ${reasonOf(error)}. Choose another: npm start -- --listen 127.0.0.1:8091`,
      {
        cause: error,
      },
    );
  } finally {
    server.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return "another process has the port";
  return error instanceof Error ? error.message : String(error);
}
