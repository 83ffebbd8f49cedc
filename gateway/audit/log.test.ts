import { create } from "@bufbuild/protobuf";
import { jetstreamManager } from "@nats-io/jetstream";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import memory from "../../plugins/dao-memory/mod.ts";
import { AUDIT_STREAM, AuditEntry_Outcome, AuditEntrySchema } from "../../proto/mod.ts";
import { startTestNatsServer, type TestNatsServer } from "../../test/nats/server.ts";
import { keepAuditStream, openEventStream } from "../events/mod.ts";
import { type AuditRecord, startAuditLog } from "./mod.ts";

const log = pino({ enabled: false });
const done: AuditRecord = {
  principal: "alice",
  action: "a",
  permission: "jobs:start",
  outcome: AuditEntry_Outcome.DONE,
};
const refused: AuditRecord = { ...done, outcome: AuditEntry_Outcome.REFUSED, code: "permission_denied" };

let nats: TestNatsServer;

beforeAll(async () => {
  nats = await startTestNatsServer();
});

afterAll(() => nats?.[Symbol.asyncDispose]());

/** An audit log on a store that can be made to fail. */
async function openLog() {
  await using opening = new AsyncDisposableStack();
  const { signal } = new AbortController();
  const dao = opening.use(await memory.start({ config: {}, log: { info() {}, warn() {} }, signal }));
  const events = opening.use(await openEventStream({ url: nats.url }, { log, gatewayId: "g" }));
  await keepAuditStream(events);
  const store = { isDown: false, refusals: 0 };
  const audit: typeof dao.audit = {
    ...dao.audit,
    append: async (entries) => {
      if (store.isDown) throw new Error("the disk is full");
      if (entries.some(({ context }) => context === "poison")) {
        store.refusals += 1;
        throw new Error("no such text");
      }
      await dao.audit.append(entries);
    },
  };
  const auditLog = opening.use(startAuditLog({ dao: { ...dao, audit }, events }, { log, gatewayId: "g", keepDays: 1 }));
  const stack = opening.move();
  return { auditLog, store, dao, events, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("entries are stored soon, each with an id, a time and its gateway", async () => {
  await using opened = await openLog();
  opened.auditLog.add(done);
  opened.auditLog.add(done);

  await expect.poll(() => opened.dao.audit.list({}, { limit: 10 })).toHaveLength(2);
  const [entry] = await opened.dao.audit.list({}, { limit: 1 });
  expect(entry).toMatchObject({ ...done, gatewayId: "g", times: 1, id: expect.stringMatching(/^0/) });
  expect(Math.abs(Number(entry?.time?.seconds) * 1000 - Date.now())).toBeLessThan(10_000);
});

test("equal refusals become one entry, different ones do not", async () => {
  await using opened = await openLog();
  for (let n = 0; n < 5; n++) opened.auditLog.add(refused);
  opened.auditLog.add({ ...refused, context: "other" });

  await expect.poll(() => opened.dao.audit.list({}, { limit: 10 })).toHaveLength(2);
  const entries = await opened.dao.audit.list({}, { limit: 10 });
  expect(entries.map(({ context, times }) => [context, times]).sort()).toEqual([
    ["", 5],
    ["other", 1],
  ]);
});

test("entries wait while the store fails, up to a bound", async () => {
  await using opened = await openLog();
  const { auditLog, store, dao } = opened;
  store.isDown = true;
  for (let n = 0; n < 10_000; n++) auditLog.add(done);
  expect(auditLog.hasRoom).toBe(false);

  store.isDown = false;

  await expect.poll(() => auditLog.hasRoom).toBe(true);
  expect(await dao.audit.list({}, { limit: 20_000 })).toHaveLength(10_000);
});

test("an entry that the store never accepts delays no other", async () => {
  await using opened = await openLog();
  opened.auditLog.add({ ...done, context: "poison" });
  await expect.poll(() => opened.store.refusals).toBe(1);
  opened.auditLog.add({ ...done, context: "good" });
  const stored = () => opened.dao.audit.list({}, { limit: 10 });
  await expect.poll(stored, { timeout: 10_000 }).toMatchObject([{ context: "good" }]);
  opened.auditLog.add({ ...done, context: "later" });
  await expect.poll(stored).toMatchObject([{ context: "later" }, { context: "good" }]);
});

test("the start of a call is on the stream before the call returns, with the same id as its end", async () => {
  await using opened = await openLog();
  const { auditLog, dao, events } = opened;
  const beginning = auditLog.begin({ ...done, context: "began" });
  await beginning.end({ ...done, context: "began", job: "made" });

  const message = await (await jetstreamManager(events.nats)).streams.getMessage(AUDIT_STREAM, {
    last_by_subj: "hearth.v1.audit.begun.jobs.start",
  });
  const told = message?.json<{ id: string }>();
  expect(told).toMatchObject({ outcome: "BEGUN", principal: "alice", context: "began", gatewayId: "g" });
  await expect
    .poll(() => dao.audit.list({}, { limit: 10 }))
    .toMatchObject([{ id: told?.id, outcome: AuditEntry_Outcome.DONE, job: "made" }]);
});

test("without NATS the end of a call is stored before the call returns", async () => {
  await using opened = await openLog();
  const { auditLog, dao, events } = opened;
  await events.nats.close();
  await auditLog.begin(done).end({ ...done, job: "made" });
  expect(await dao.audit.list({}, { limit: 10 })).toMatchObject([{ outcome: AuditEntry_Outcome.DONE, job: "made" }]);
});

test("disposal writes pending entries", async () => {
  const opened = await openLog();
  const { dao } = opened;
  opened.auditLog.add(done);
  await opened.auditLog[Symbol.asyncDispose]();
  expect(await dao.audit.list({}, { limit: 10 })).toHaveLength(1);
  await opened[Symbol.asyncDispose]();
});

test("expired entries are deleted", async () => {
  await using opened = await openLog();
  const { auditLog, dao } = opened;
  await dao.audit.append([create(AuditEntrySchema, { ...done, id: "01000000-0000-7000-8000-000000000000" })]);

  auditLog.add({ ...done, principal: "bob" });

  await expect.poll(() => dao.audit.list({}, { limit: 10 })).toMatchObject([{ principal: "bob" }]);
});
