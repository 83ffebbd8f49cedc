import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chown, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { freePort } from "../nats/server.ts";
import { findPostgres } from "./binaries.ts";

/** A PostgreSQL server of a test, on the loopback interface. Disposing it ends it and removes its files. */
export interface TestPostgres extends AsyncDisposable {
  readonly port: number;
  /** Of user `hearth`, who may do everything in the database `postgres`. */
  readonly password: string;
  /** `postgres://hearth:<password>@127.0.0.1:<port>/postgres`. */
  readonly url: string;
  /** Ends it at once, as a crash would; the files stay. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and files. */
  start(): Promise<void>;
}

/**
 * Starts one on a free port. Rejects, saying what is missing, where there are no binaries and none can be fetched. PostgreSQL
 * refuses to run as root, who therefore has it run as another user.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const { binDir, env } = await findPostgres();
  const user = await unprivilegedUser();
  const password = randomUUID();
  await using cleanUp = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "hearth-postgres-"));
  cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
  const passwordFile = join(directory, "password");
  await writeFile(passwordFile, password);
  for (const path of user ? [directory, passwordFile] : []) await chown(path, user?.uid ?? 0, user?.gid ?? 0);

  const options = { ...user, env: { ...process.env, ...env }, cwd: directory };
  const data = join(directory, "data");
  await promisify(execFile)(
    join(binDir, "initdb"),
    ["-D", data, "-U", "hearth", `--pwfile=${passwordFile}`, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N"],
    options,
  );

  const port = await freePort();
  // The machine outlives the test: what the server wrote is there for its next start without being on the disk.
  const settings = ["fsync=off", `unix_socket_directories=${directory}`, "listen_addresses=127.0.0.1", `port=${port}`];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const started = spawn(join(binDir, "postgres"), args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    child = started;
    const output: string[] = [];
    for await (const line of createInterface({ input: started.stderr })) {
      output.push(line);
      if (line.includes("ready to accept connections")) {
        // Reading must continue: a full pipe would block the server.
        started.stderr.resume();
        return;
      }
    }
    throw new Error(`postgres did not start:\n${output.join("\n")}`);
  };
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGQUIT");
    await ended;
    child = undefined;
  };
  cleanUp.defer(stop);
  await start();

  const owned = cleanUp.move();
  return {
    port,
    password,
    url: `postgres://hearth:${password}@127.0.0.1:${port}/postgres`,
    start,
    stop,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** User that runs the server when this process is root; else undefined. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  const found = ["postgres", "nobody"].flatMap((wanted) => users.filter(([name]) => name === wanted));
  const [, , uid, gid] = found[0] ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error("Cannot run PostgreSQL: it refuses root, and there is no user nobody");
  return { uid: Number(uid), gid: Number(gid) };
}
