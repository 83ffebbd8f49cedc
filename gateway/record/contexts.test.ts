import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import memory from "../../plugins/dao-memory/mod.ts";
import { Context_State, type ContextEvent, ContextEventSchema, ContextSchema } from "../../proto/mod.ts";
import { ContextRecord } from "./contexts.ts";

const CONTEXT = create(ContextSchema, { id: "c", name: "shared", state: Context_State.STARTING, revision: 1 });

function eventOf(seq: number, event: ContextEvent["event"]): ContextEvent {
  return { ...create(ContextEventSchema, { contextId: CONTEXT.id, context: CONTEXT.name, seq }), event };
}

function startDao() {
  return memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}

test("ContextRecord.apply() loses no event of those that arrive at once", async () => {
  await using dao = await startDao();
  const record = new ContextRecord({ dao });
  await record.insert(CONTEXT);
  const running = create(ContextEventSchema, { event: { case: "running", value: {} } }).event;
  const restarting = create(ContextEventSchema, {
    event: { case: "restarting", value: { message: "asked to" } },
  }).event;
  await Promise.all([
    record.apply(eventOf(1, running)),
    record.apply(eventOf(2, restarting)),
    record.apply(eventOf(3, running)),
  ]);
  expect(await dao.contexts.get(CONTEXT.id)).toMatchObject({ state: Context_State.RUNNING, restarts: 1, seq: 3 });
});

test("ContextRecord.find() answers what another gateway recorded of a context whose node is lost", async () => {
  await using dao = await startDao();
  const [ours, theirs] = [new ContextRecord({ dao }), new ContextRecord({ dao })];
  const running = { ...CONTEXT, state: Context_State.RUNNING, nodeId: "n" };
  await ours.insert(running);
  ours.nodeOpened("n");
  expect(await ours.find("shared")).toMatchObject({ state: Context_State.RUNNING });
  ours.nodeClosed("n");
  expect(await ours.find("shared")).toMatchObject({ state: Context_State.RUNNING });
  const failed = create(ContextEventSchema, { event: { case: "failed", value: { message: "lost" } } }).event;
  await theirs.apply(eventOf(1, failed));
  for (const name of [CONTEXT.name, CONTEXT.id]) {
    expect(await ours.find(name)).toMatchObject({ state: Context_State.FAILED, error: "lost" });
  }
});
