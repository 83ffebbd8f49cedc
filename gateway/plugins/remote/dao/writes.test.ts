import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import type { Dao, Plugin } from "../../../../plugins/contract/mod.ts";
import memory from "../../../../plugins/dao-memory/mod.ts";
import { startPluginServer } from "../../../../plugins/remote-server/mod.ts";
import {
  json,
  sampleContext,
  sampleEvent,
  sampleFile,
  sampleId,
  sampleJob,
} from "../../../../test/contract/samples.ts";
import { createTemporaryDirectory } from "../../../../test/contract/temporary_directory.ts";
import { startPluginProcess, startRemote } from "../../../../test/plugins/server.ts";
import { until } from "../../../../test/until.ts";

/** An in-memory DAO with a custom insert(), and the gateway's client of it. */
async function openStoring(insert: (dao: Dao) => Dao["jobs"]["insert"], options = {}) {
  await using stack = new AsyncDisposableStack();
  const plugin: Plugin<"dao", Record<never, never>> = {
    ...memory,
    async start(start) {
      const dao = await memory.start(start);
      return { ...dao, jobs: { ...dao.jobs, insert: insert(dao) } };
    },
  };
  const log = { info() {}, warn() {} };
  const served = stack.use(await startPluginServer(plugin, { listen: "127.0.0.1:0", log }));
  const dao = stack.use(await startRemote("dao", served.address, options));
  const opened = stack.move();
  return { dao, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("waiting writes are sent as one group, in the order of their calls", async () => {
  const first = Promise.withResolvers<void>();
  const called: string[] = [];
  const turns = new Set<number>();
  let turn = 0;
  await using storing = await openStoring((dao) => async (job, ...rest) => {
    called.push(job.id);
    // Only the writes of one group are called in the same turn.
    turns.add(turn);
    setImmediate(() => turn++);
    if (job.id === sampleId(0)) await first.promise;
    return dao.jobs.insert(job, ...rest);
  });
  const { jobs } = storing.dao;

  const inserts = [jobs.insert(sampleJob(0), json({}))];
  await until("the first is there", () => called.length === 1);
  for (let n = 1; n <= 100; n++) inserts.push(jobs.insert(sampleJob(n), json({})));
  first.resolve();
  await Promise.all(inserts);

  expect(called).toEqual(Array.from({ length: 101 }, (_, n) => sampleId(n)));
  expect(turns.size).toBe(2);
});

test("a failed write rejects with the reason, and does not affect the others of its group", async () => {
  await using storing = await openStoring((dao) => (job, ...rest) => {
    if (job.id === sampleId(2)) return Promise.reject(new Error("disk is full"));
    return dao.jobs.insert(job, ...rest);
  });
  const { jobs, contexts, files, outbox } = storing.dao;
  const event = sampleEvent("e");

  const answers = await Promise.allSettled([
    jobs.insert(sampleJob(1), json({})),
    jobs.insert(sampleJob(2), json({}), { event }),
    jobs.insert(sampleJob(1), json({}), { event }),
    jobs.update(sampleJob(3)),
    contexts.insert(sampleContext(1)),
    files.put(sampleFile("a")),
    files.delete("a"),
    outbox.delete(["e"]),
  ]);

  expect(answers).toEqual([
    { status: "fulfilled", value: undefined },
    {
      status: "rejected",
      reason: expect.objectContaining({ name: "RemoteCallError", code: status.INTERNAL, message: "disk is full" }),
    },
    { status: "fulfilled", value: sampleJob(1) },
    { status: "fulfilled", value: false },
    { status: "fulfilled", value: undefined },
    { status: "fulfilled", value: undefined },
    { status: "fulfilled", value: sampleFile("a") },
    { status: "fulfilled", value: 0 },
  ]);
});

test("groups are bounded by the size of messages", async () => {
  await using storing = await openStoring(({ jobs }) => jobs.insert);
  const config = new Uint8Array(1024 * 1024).fill(0x20);

  const inserts = Array.from({ length: 100 }, (_, n) => storing.dao.jobs.insert(sampleJob(n), config));

  expect(await Promise.all(inserts)).toEqual(Array(100).fill(undefined));
  expect(await storing.dao.jobs.list({}, { limit: 200 })).toHaveLength(100);
});

test("a group that times out rejects with Unavailable, and the next ones are sent", async () => {
  let isSilent = true;
  await using storing = await openStoring(
    ({ jobs }) =>
      (...job) =>
        isSilent ? new Promise(() => {}) : jobs.insert(...job),
    { timeoutMs: 2000 },
  );
  const inserts = await Promise.allSettled([1, 2].map((n) => storing.dao.jobs.insert(sampleJob(n), json({}))));
  isSilent = false;

  const unavailable = expect.objectContaining({ name: "ConnectError", code: status.UNAVAILABLE });
  expect(inserts).toEqual(Array(2).fill({ status: "rejected", reason: unavailable }));
  expect(await storing.dao.jobs.insert(sampleJob(3), json({}))).toBeUndefined();
});

test("completed writes survive repeated kills of the plugin", async () => {
  await using directory = await createTemporaryDirectory();
  const listen = `unix:${join(directory.path, "s")}`;
  const first = await startPluginProcess("dao-sqlite", { listen });
  await using dao = await startRemote("dao", listen, { config: { path: join(directory.path, "hearth.sqlite") } });
  const answered: number[] = [];
  let next = 0;

  /** Inserts with many in flight until the plugin is unavailable. */
  async function insertMany(): Promise<void> {
    const writers = Array.from({ length: 32 }, async () => {
      for (;;) {
        const n = next++;
        await dao.jobs.insert(sampleJob(n), json(n));
        answered.push(n);
      }
    });
    const ends = await Promise.allSettled(writers);
    for (const end of ends) expect(end).toMatchObject({ reason: { name: "ConnectError", code: status.UNAVAILABLE } });
  }

  let running = first;
  for (let round = 1; round <= 3; round++) {
    const inserting = insertMany();
    await until("a hundred more are stored", () => answered.length >= 100 * round);
    await running.kill();
    await inserting;
    running = await startPluginProcess("dao-sqlite", { listen });
    await until(
      "the plugin answers",
      async () => (await Promise.allSettled([dao.checkHealth()]))[0].status === "fulfilled",
    );
  }

  const stored = new Set((await dao.jobs.list({}, { limit: next })).map(({ id }) => id));
  expect(answered.filter((n) => !stored.has(sampleId(n)))).toEqual([]);
  await running[Symbol.asyncDispose]();
});
