import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, test } from "vitest";
import type { Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { Context_State, type ContextEvent, ContextEventSchema, ContextSchema } from "../../proto/mod.ts";
import { ContextRegistry } from "./context_registry.ts";

const CONTEXT = create(ContextSchema, {
  id: "c",
  name: "shared",
  nodeId: "n",
  state: Context_State.STARTING,
  revision: 1,
});

function eventOf(seq: number, event: ContextEvent["event"]): ContextEvent {
  return { ...create(ContextEventSchema, { contextId: CONTEXT.id, context: CONTEXT.name, seq }), event };
}

const ON_NODE = { nodeId: "n" };

/** Ids of events that were published. */
const published: string[] = [];

function recordOn(dao: Dao): ContextRegistry {
  return new ContextRegistry({ dao, publishOutbox: ({ id }) => published.push(id) });
}

beforeEach(() => {
  published.length = 0;
});

function startDao() {
  return memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}

test("ContextRegistry.take() applies all events that arrive at once", async () => {
  await using dao = await startDao();
  const record = recordOn(dao);
  await record.insert(CONTEXT);
  const running = create(ContextEventSchema, { event: { case: "running", value: {} } }).event;
  const restarting = create(ContextEventSchema, {
    event: { case: "restarting", value: { message: "asked to" } },
  }).event;
  await Promise.all([
    record.take(eventOf(1, running), ON_NODE),
    record.take(eventOf(2, restarting), ON_NODE),
    record.take(eventOf(3, running), ON_NODE),
  ]);
  expect(await dao.contexts.get(CONTEXT.id)).toMatchObject({ state: Context_State.RUNNING, restarts: 1, seq: 3 });
  expect(published).toEqual(["c/1", "c/2", "c/3"]);
  expect((await dao.outbox.list({ limit: 10 })).map(({ id }) => id)).toEqual(["c/1", "c/2", "c/3"]);
});

test("ContextRegistry.find() returns changes of other gateways once the node is lost", async () => {
  await using dao = await startDao();
  const [ours, theirs] = [recordOn(dao), recordOn(dao)];
  const running = { ...CONTEXT, state: Context_State.RUNNING };
  await ours.insert(running);
  ours.nodeOpened("n");
  expect(await ours.find("shared")).toMatchObject({ state: Context_State.RUNNING });
  ours.nodeClosed("n");
  expect(await ours.find("shared")).toMatchObject({ state: Context_State.RUNNING });
  expect(await theirs.decide(running, { case: "failed", value: { message: "lost" } })).toBe(true);
  for (const name of [CONTEXT.name, CONTEXT.id]) {
    expect(await ours.find(name)).toMatchObject({ state: Context_State.FAILED, error: "lost" });
  }
});

test("events of former nodes and decisions about them are void after a move", async () => {
  await using dao = await startDao();
  const record = recordOn(dao);
  await record.insert(CONTEXT);
  const running = create(ContextEventSchema, { event: { case: "running", value: {} } }).event;
  await record.take(eventOf(1, running), { nodeId: "stranger" });
  expect(await dao.contexts.get(CONTEXT.id)).toMatchObject({ state: Context_State.STARTING, seq: 0 });
  await record.take(eventOf(1, running), ON_NODE);
  expect(await record.decide({ ...CONTEXT, nodeId: "former" }, { case: "stopping", value: {} })).toBe(false);
  expect(await record.decide(CONTEXT, { case: "stopping", value: {} })).toBe(true);
  expect(published).toEqual(["c/1", "c/2"]);
});
