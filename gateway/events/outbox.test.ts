import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Dao, OutboxEvent } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { Job_State, JobSchema } from "../../proto/mod.ts";
import { Outbox } from "./outbox.ts";
import type { EventPublisher } from "./publisher.ts";

const CONFIG = new TextEncoder().encode("{}");

let dao: Dao;
let outbox: Outbox;
let isFlowing: boolean;
let last: number | undefined;
let published: string[];
let queued: string[];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  dao = await memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
  isFlowing = true;
  last = 0;
  published = [];
  queued = [];
  const publisher = {
    get isFlowing() {
      return isFlowing;
    },
    isFull: false,
    has: () => false,
    publish({ id }: OutboxEvent, done: () => void) {
      published.push(id);
      done();
    },
  };
  outbox = new Outbox({
    dao,
    publisher: publisher as unknown as EventPublisher,
    lastSeq: async () => last,
    queue: { add: async (id) => void queued.push(id) },
    log: { warn() {} },
  });
});

afterEach(async () => {
  vi.useRealTimers();
  await outbox[Symbol.asyncDispose]();
  await dao[Symbol.asyncDispose]();
});

/** A job whose attempt another gateway ended with event 3. */
async function leave(type: "retrying" | "failed"): Promise<void> {
  const job = create(JobSchema, { id: "j", state: Job_State.QUEUED, attempt: 1, revision: 1, callbackUrl: "http://x" });
  const event = { id: "j/1/3", subject: `hearth.v1.jobs.j.${type}`, payload: "{}" };
  await dao.jobs.insert(job, CONFIG, { event });
}

test("publishLeft() publishes the end of an attempt once all earlier events are on the stream", async () => {
  await leave("retrying");
  last = 1;
  expect(await outbox.publishLeft("j")).toBe(false);
  last = undefined;
  expect(await outbox.publishLeft("j")).toBe(false);
  expect(published).toEqual([]);
  last = 2;
  expect(await outbox.publishLeft("j")).toBe(true);
  expect(published).toEqual(["j/1/3"]);
});

test("the rest of an attempt is published before repeated events of the next one", async () => {
  await leave("retrying");
  last = undefined;
  await outbox.publishEarlier({ jobId: "j", attempt: 1 });
  expect(published).toEqual([]);
  await outbox.publishEarlier({ jobId: "j", attempt: 2 });
  expect(published).toEqual(["j/1/3"]);
});

test("events that another gateway left are published some time after JetStream is back, not earlier", async () => {
  await leave("retrying");
  isFlowing = false;
  await vi.advanceTimersByTimeAsync(20_000);
  isFlowing = true;
  await vi.advanceTimersByTimeAsync(4000);
  expect(await outbox.publishLeft("j")).toBe(false);
  expect(published).toEqual([]);
  await vi.advanceTimersByTimeAsync(6000);
  expect(published).toEqual(["j/1/3"]);
  expect(await dao.outbox.list({ limit: 1 })).toEqual([]);
});

test("an end stays in the outbox while its job cannot be read", async () => {
  await leave("failed");
  const get = vi.spyOn(dao.jobs, "get").mockRejectedValue(new Error("failover"));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(published).toEqual([]);
  get.mockRestore();
  await vi.advanceTimersByTimeAsync(4000);
  expect({ published, queued }).toEqual({ published: ["j/1/3"], queued: ["j"] });
});
