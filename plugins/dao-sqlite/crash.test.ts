import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { expectRefusedWithItsChange } from "../../test/contract/refused_event.ts";
import { json, sampleEvent, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { openWriter, startWriterThread } from "./commits/writer.ts";
import { startDao } from "./dao.ts";

const { signal } = new AbortController();
const log = { info() {}, warn() {} };

test.for([
  [16, 500],
  [1, 150],
])("acknowledged writes survive a kill -9, %i writes at a time", async ([atATime = 0, count]) => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");
  const script = fileURLToPath(new URL("./crash_child.ts", import.meta.url));
  const child = spawn(process.execPath, [script, path, String(atATime)], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acknowledged: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) child.kill("SIGKILL");
  }
  await exited;

  await using dao = await startDao(path, { log, signal });
  expect(acknowledged.length).toBeGreaterThanOrEqual(count ?? 0);
  for (const n of acknowledged) {
    expect((await dao.jobs.get(sampleId(n)))?.revision).toBe(2);
    expect(await dao.jobs.result(sampleId(n))).toEqual(json(n));
  }
  // Each change is there with its event, or neither is.
  const jobs = await dao.jobs.list({}, { limit: 100_000 });
  const events = await dao.outbox.list({ limit: 100_000 });
  expect(events.map(({ id }) => id)).toEqual(
    jobs.flatMap(({ id, revision }) => (revision === 2 ? [id] : [])).toReversed(),
  );
});

test("a single write waits for the lock of another process", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "hearth.db");
  await using dao = await startDao(path, { log, signal });
  using other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  const inserted = dao.jobs.insert(sampleJob(1), json(1));
  // The reader does not wait.
  expect(await dao.jobs.get(sampleId(1))).toBeUndefined();
  other.exec("COMMIT");
  expect(await inserted).toBeUndefined();
  expect((await dao.jobs.get(sampleId(1)))?.id).toBe(sampleId(1));
});

test("an event that cannot be stored keeps its change from being stored", async () => {
  await using directory = await createTemporaryDirectory();
  await using dao = await startDao(join(directory.path, "hearth.db"), { log, signal });
  await expectRefusedWithItsChange(dao, async () => sampleEvent("e", { payload: null as never }));
});

test("a failing write does not affect the others of its group", async () => {
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

test("pending and later writes reject when the writer thread dies", async () => {
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
