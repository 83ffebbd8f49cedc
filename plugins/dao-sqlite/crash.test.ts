import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { json, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { startDao } from "./dao.ts";
import { migrations } from "./schema.ts";
import { openWriter, startWriterThread } from "./writer.ts";

const { signal } = new AbortController();
const log = { info() {}, warn() {} };

test("what was acknowledged before a kill -9 is there afterwards, results included", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");
  const script = fileURLToPath(new URL("./crash_child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === 500) child.kill("SIGKILL");
  }
  await exited;

  await using dao = await startDao(path, { log, signal });
  expect(acknowledged.length).toBeGreaterThanOrEqual(500);
  for (const n of acknowledged) {
    expect((await dao.jobs.get(sampleId(n)))?.revision).toBe(2);
    expect(await dao.jobs.result(sampleId(n))).toEqual(json(n));
  }
});

test("a write that fails leaves the others of its group alone", async () => {
  await using directory = await createTemporaryDirectory();
  await using dao = await startDao(join(directory.path, "hearth.db"), { log, signal });
  const impossibleTime = { $typeName: "google.protobuf.Timestamp", seconds: 2n ** 62n, nanos: 0 } as const;

  const answers = await Promise.allSettled([
    dao.jobs.insert(sampleJob(1), json(1)),
    dao.jobs.insert(sampleJob(2, { endTime: impossibleTime }), json(2)),
    dao.jobs.update(sampleJob(1, { revision: 5 })),
    dao.jobs.insert(sampleJob(3), json(3)),
  ]);

  expect(answers.map((answer) => (answer.status === "fulfilled" ? answer.value : "failed"))).toEqual([
    undefined,
    "failed",
    false,
    undefined,
  ]);
  expect(await dao.jobs.list({}, { limit: 10 })).toEqual([sampleJob(3), sampleJob(1)]);
  expect(await dao.jobs.config(sampleId(3))).toEqual(json(3));
});

test("when the writer thread dies, writes that wait and those that follow reject", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");
  const thread = startWriterThread(path);
  const writer = await openWriter(thread, { path, signal });

  const waiting = Promise.allSettled([writer.write("ping", []), writer.write("ping", [])]);
  const ended = thread.terminate();

  expect((await waiting).map((answer) => answer.status)).toEqual(["rejected", "rejected"]);
  await ended;
  await expect(writer.write("ping", [])).rejects.toThrow(`Cannot write to database "${path}": its thread ended`);
  await writer[Symbol.asyncDispose]();
});

test("startDao() refuses a database of a newer Hearth", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");
  await (await startDao(path, { log, signal }))[Symbol.asyncDispose]();
  alter(path, "PRAGMA user_version = 99");

  await expect(startDao(path, { log, signal })).rejects.toThrow(
    `Cannot open database "${path}": a newer Hearth wrote it (schema 99, this one knows ${migrations.length})`,
  );
});

test("startDao() refuses a database of another program and leaves it as it was", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "other.db");
  alter(path, "CREATE TABLE books (title TEXT)");

  await expect(startDao(path, { log, signal })).rejects.toThrow(
    `Cannot open database "${path}": it holds tables that are not Hearth's`,
  );
  using database = new DatabaseSync(path);
  expect(database.prepare("SELECT name FROM sqlite_schema").all()).toEqual([{ name: "books" }]);
});

test("startDao() says why it cannot open a path", async () => {
  await using directory = await createTemporaryDirectory();

  await expect(startDao(directory.path, { log, signal })).rejects.toThrow("unable to open database file");
});

test("startDao() rejects with the reason of a signal that is aborted", async () => {
  await using directory = await createTemporaryDirectory();
  const reason = new Error("enough");

  await expect(startDao(join(directory.path, "hearth.db"), { log, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});

test("DAOs that open a new database at the same moment all succeed", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");

  const opened = await Promise.all(Array.from({ length: 6 }, () => startDao(path, { log, signal })));
  for (const dao of opened) await dao.checkHealth();
  for (const dao of opened) await dao[Symbol.asyncDispose]();
});

function alter(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}
