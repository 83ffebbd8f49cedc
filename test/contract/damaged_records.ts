import { create, toBinary } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { type Dao, UnreadableRecord } from "../../plugins/contract/mod.ts";
import { type Job, JobSchema, LogLineSchema } from "../../proto/mod.ts";
import { json, sampleAuditEntry, sampleBinary, sampleContext, sampleFile, sampleId, sampleJob } from "./samples.ts";

interface Damage {
  /** Replaces the `message` of rows, by a condition in SQL. */
  readonly damage: (table: string, where: string, message: Uint8Array) => Promise<void>;
  /** Log lines of the DAO. Undefined when it runs in another process. */
  readonly logged: readonly string[] | undefined;
}

const GARBAGE = Uint8Array.of(0xff, 0xff, 0xff);

/** Checks that a DAO whose records can be damaged from outside leaves those out of lists, and says of each what is wrong. */
export async function checkDamagedRecords(dao: Dao, { damage, logged }: Damage): Promise<void> {
  const numbers = [1, 2, 3, 4, 5];
  for (const n of numbers) {
    await dao.jobs.insert(sampleJob(n), json({ n }));
    await dao.contexts.insert(sampleContext(n));
    await dao.binaries.insert(sampleBinary(`binary${n}`, n));
    await dao.binaries.insert(sampleBinary("versions", n));
    await dao.files.put(sampleFile(`file${n}`));
  }
  await dao.jobs.appendLogs(
    sampleId(1),
    numbers.map((number) => create(LogLineSchema, { number, text: `line ${number}` })),
  );
  await dao.audit.append(numbers.map((n) => sampleAuditEntry(n)));

  const far: Job = sampleJob(4, { endTime: { seconds: 8_000_000_000_000n, nanos: 0 } });
  await damage("jobs", `id = '${sampleId(5)}'`, GARBAGE);
  await damage("jobs", `id = '${sampleId(4)}'`, toBinary(JobSchema, far));
  await damage("contexts", `id IN ('${sampleId(5)}', '${sampleId(3)}')`, GARBAGE);
  await damage("binaries", "name = 'binary1' OR (name = 'versions' AND version = 4)", GARBAGE);
  await damage("files", "name IN ('file1', 'file2')", GARBAGE);
  await damage("audit", `id = '${sampleId(4)}'`, GARBAGE);
  await damage("job_logs", "number = 2", GARBAGE);
  const late = create(LogLineSchema, { number: 3, text: "late", time: { seconds: 8_000_000_000_000n, nanos: 0 } });
  await damage("job_logs", "number = 3", toBinary(LogLineSchema, late));

  const page = { limit: 2 };
  expect((await dao.jobs.list({}, page)).map(({ id }) => id)).toEqual([sampleId(3), sampleId(2)]);
  expect((await dao.jobs.list({}, { limit: 10 })).map(({ id }) => id)).toEqual([3, 2, 1].map(sampleId));
  expect((await dao.contexts.list({}, page)).map(({ id }) => id)).toEqual([4, 2].map(sampleId));
  expect((await dao.binaries.list(page)).map(({ name }) => name)).toEqual(["binary2", "binary3"]);
  expect((await dao.binaries.versions("versions", page)).map(({ version }) => version)).toEqual([5, 3]);
  expect((await dao.files.list({ prefix: "f" }, page)).map(({ name }) => name)).toEqual(["file3", "file4"]);
  expect((await dao.files.list({}, page)).map(({ name }) => name)).toEqual(["file3", "file4"]);
  expect((await dao.audit.list({}, page)).map(({ id }) => id)).toEqual([5, 3].map(sampleId));
  expect((await dao.audit.list({ principal: "alice" }, page)).map(({ id }) => id)).toEqual([5, 3].map(sampleId));
  const lines = await dao.jobs.logs(sampleId(1), { after: 0, limit: 3 });
  expect(lines.map(({ number, text, time }) => ({ number, text, time }))).toEqual([
    { number: 1, text: "line 1", time: undefined },
    { number: 3, text: "late", time: undefined },
    { number: 4, text: "line 4", time: undefined },
  ]);

  const refusals = {
    [`job "${sampleId(5)}"`]: () => dao.jobs.get(sampleId(5)),
    [`job "${sampleId(4)}"`]: () => dao.jobs.get(sampleId(4)),
    [`context "${sampleId(3)}"`]: () => dao.contexts.get(sampleId(3)),
    [`context "${sampleId(5)}"`]: () => dao.contexts.find("context 5"),
    'version 1 of binary "binary1"': () => dao.binaries.get("binary1", { newest: true }),
    'data file "file1"': () => dao.files.get("file1"),
  };
  for (const [name, read] of Object.entries(refusals)) {
    const error = await read().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UnreadableRecord);
    expect(String(error)).toContain(`Cannot read ${name} from the store: `);
  }
  expect(await dao.jobs.config(sampleId(5))).toEqual(json({ n: 5 }));

  // They can be replaced and deleted.
  expect(await dao.files.put(sampleFile("file1"))).toBeUndefined();
  expect(await dao.files.delete("file2")).toMatchObject({ name: "file2" });
  expect(await dao.binaries.delete("binary1")).toMatchObject([{ name: "binary1", version: 1 }]);
  expect(await dao.jobs.delete(sampleId(5))).toBe(true);
  expect(await dao.contexts.delete(sampleId(5))).toBe(true);

  if (logged === undefined) return;
  // Each was logged once, however often it was met.
  expect(logged.filter((line) => line.includes(`job "${sampleId(5)}"`))).toHaveLength(1);
  expect(logged.filter((line) => line.includes(`line 2 of job "${sampleId(1)}"`))).toHaveLength(1);
}
