import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { startChild } from "../../standalone/mod.ts";

/** A server to compare with. Disposing it ends all its processes. */
export interface Rival extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
}

/**
 * Concurrency of the BullMQ worker. Of 4, 8, 16, 32, 64 and 128 it needs the least CPU time a job, at 32 and at 128 connections.
 */
const WORKER_CONCURRENCY = 16;

export async function startConnectEcho(): Promise<Rival> {
  const child = await startScript("connect_echo.ts");
  return { url: `http://127.0.0.1:${child.ready}`, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** Redis with an append-only file, the API and one worker. Undefined without `redis-server` on PATH. */
export async function startBullmq(directory: string): Promise<Rival | undefined> {
  if (!(await isOnPath("redis-server"))) return undefined;
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startRedis(directory));
  stack.use(await startScript("bullmq_worker.ts", redis.ready, WORKER_CONCURRENCY));
  const api = stack.use(await startScript("bullmq_api.ts", redis.ready));
  const owned = stack.move();
  return { url: `http://127.0.0.1:${api.ready}`, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function startRedis(directory: string) {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  const settings = { bind: "127.0.0.1", port, dir: directory, appendonly: "yes", save: "" };
  return startChild({
    name: "redis-server",
    command: "redis-server",
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    readyWhen: (line) => (/ready to accept connections/i.test(line) ? port : undefined),
  });
}

/** Starts a script of this folder; `ready` is its port. */
export function startScript(file: string, ...args: number[]) {
  return startChild({
    name: file,
    command: process.execPath,
    args: [join(import.meta.dirname, file), ...args.map(String)],
    readyWhen: (line) => {
      const port = /^listening on (\d+)/.exec(line)?.[1];
      return port === undefined ? undefined : Number(port);
    },
  });
}

/** A free port: Redis cannot choose one itself. */
async function freePort(): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer().listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Whether a command exists, by name or path. */
export async function isOnPath(command: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  execFile(command, ["--version"], (error) => resolve(error === null));
  return promise;
}
