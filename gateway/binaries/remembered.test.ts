import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Dao } from "../../plugins/contract/mod.ts";
import memory from "../../plugins/dao-memory/mod.ts";
import { sampleBinary } from "../../test/contract/samples.ts";
import { rememberBinaries } from "./remembered.ts";

const NEWEST = { newest: true } as const;

function startDao(): Promise<Dao> {
  return memory.start({ config: {}, log: { info() {}, warn() {} }, signal: new AbortController().signal });
}

/** A store shared with other gateways. Counts reads, and delays those that begin while `gate` is set. */
function counted(dao: Dao) {
  const state = { reads: 0, gate: Promise.resolve() };
  const get: Dao["binaries"]["get"] = async (...asked) => {
    state.reads += 1;
    const { gate } = state;
    const binary = await dao.binaries.get(...asked);
    await gate;
    return binary;
  };
  return {
    state,
    dao: { ...dao, capabilities: { ...dao.capabilities, shared: true }, binaries: { ...dao.binaries, get } },
  };
}

test("reads in quick succession reach the store once", async () => {
  await using dao = await startDao();
  await dao.binaries.insert(sampleBinary("lib", 1));
  const { state, dao: store } = counted(dao);
  const { binaries } = rememberBinaries(store);
  const [first, second] = [await binaries.get("lib", NEWEST), await binaries.get("lib", NEWEST)];
  expect([first?.version, second?.version]).toEqual([1, 1]);
  expect(await binaries.get("lib", { version: 1 })).toMatchObject({ version: 1 });
  expect(state.reads).toBe(2);
  expect(await binaries.get("none", NEWEST)).toBeUndefined();
  expect(await binaries.get("none", NEWEST)).toBeUndefined();
  expect(state.reads).toBe(4);
});

test("no gateway returns the old state once a change is acknowledged", async () => {
  await using dao = await startDao();
  const { dao: store } = counted(dao);
  const [ours, theirs] = [rememberBinaries(store), rememberBinaries(store)];
  await ours.binaries.insert(sampleBinary("lib", 1));
  for (let version = 2; version <= 4; version++) {
    let isAcknowledged = false;
    const inserting = ours.binaries.insert(sampleBinary("lib", version)).then(() => {
      isAcknowledged = true;
    });
    while (!isAcknowledged) {
      await theirs.binaries.get("lib", NEWEST);
      await delay(1);
    }
    await inserting;
    expect((await theirs.binaries.get("lib", NEWEST))?.version).toBe(version);
    expect((await ours.binaries.get("lib", NEWEST))?.version).toBe(version);
  }
  await theirs.binaries.get("lib", { version: 4 });
  await ours.binaries.delete("lib");
  expect(await theirs.binaries.get("lib", NEWEST)).toBeUndefined();
  expect(await theirs.binaries.get("lib", { version: 4 })).toBeUndefined();
});

test("a read that began before a change is not cached", async () => {
  await using dao = await startDao();
  const { state, dao: store } = counted(dao);
  const { binaries } = rememberBinaries({ ...store, capabilities: dao.capabilities });
  await binaries.insert(sampleBinary("lib", 1));
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  const slow = binaries.get("lib", NEWEST);
  await binaries.insert(sampleBinary("lib", 2));
  gate.resolve();
  expect((await slow)?.version).toBe(1);
  expect((await binaries.get("lib", NEWEST))?.version).toBe(2);
});
