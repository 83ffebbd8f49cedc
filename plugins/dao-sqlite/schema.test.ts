import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { JobSchema } from "../../proto/mod.ts";
import { sampleEvent, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../test/contract/temporary_directory.ts";
import { startDao } from "./dao.ts";
import { APPLICATION_ID, migrations } from "./schema.ts";

const { signal } = new AbortController();
const log = { info() {}, warn() {} };

test.each(migrations.keys().drop(1).toArray())(
  "startDao() brings a database of schema %i up to date and keeps what it holds",
  async (version) => {
    await using directory = await createTemporaryDirectory();
    const path = join(directory.path, "hearth.db");
    createOld(path, version);

    await using dao = await startDao(path, { log, signal });

    expect(await dao.jobs.list({}, { limit: 10 })).toEqual([sampleJob(1)]);
    expect(await dao.outbox.list({ limit: 10 })).toEqual([]);
    expect(await dao.jobs.update(sampleJob(1, { revision: 2 }), { event: sampleEvent("e") })).toBe(true);
    expect(await dao.outbox.list({ limit: 10 })).toEqual([sampleEvent("e")]);
  },
);

/** A database as the Hearth left it that had this schema, with a job. */
function createOld(path: string, version: number): void {
  using database = new DatabaseSync(path);
  for (const migration of migrations.slice(0, version)) database.exec(migration);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version}`);
  const { state, contextId, context, binary, binaryDigest, revision } = sampleJob(1);
  database
    .prepare(
      `INSERT INTO jobs (id, state, context_id, context, binary, binary_digest, revision, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(sampleId(1), state, contextId, context, binary, binaryDigest, revision, toBinary(JobSchema, sampleJob(1)));
}

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
