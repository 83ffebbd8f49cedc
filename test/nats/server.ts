import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findNatsServer } from "../../standalone/nats/binary.ts";
import { freePort } from "../../standalone/ports.ts";

export { freePort };

/** A NATS server of a test, with JetStream. Disposing it ends it and removes its store. */
export interface TestNatsServer extends AsyncDisposable {
  readonly url: string;
  /** Ends the process; the store stays. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and store. */
  start(): Promise<void>;
  /** Removes the store of a server that is stopped, as a lost disk would. */
  wipe(): Promise<void>;
}

/** Starts a server on a free port, with further flags of nats-server. The binary is `HEARTH_NATS_SERVER`, else the one that the project itself would use. */
export async function startTestNatsServer(flags: readonly string[] = []): Promise<TestNatsServer> {
  const binary = process.env.HEARTH_NATS_SERVER ?? (await findNatsServer({ log: { info() {}, warn() {} } }));
  const storeDir = await mkdtemp(join(tmpdir(), "hearth-nats-"));
  const port = await freePort();
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const args = ["--addr", "127.0.0.1", "--port", String(port), "--jetstream", "--store_dir", storeDir, ...flags];
    const started = spawn(binary, args, { stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    const output: string[] = [];
    for await (const line of createInterface({ input: started.stderr })) {
      output.push(line);
      if (line.includes("Server is ready")) {
        // Reading must continue: a full pipe would block the server.
        started.stderr.resume();
        return;
      }
    }
    throw new Error(`${binary} did not start:\n${output.join("\n")}`);
  };
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    await ended;
    child = undefined;
  };

  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    stop,
    wipe: () => rm(storeDir, { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(storeDir, { recursive: true, force: true });
    },
  };
}
