import { expect, test } from "vitest";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type DaoBackEnd, openOther } from "./dao_back_end.ts";
import { json, sampleBinary, sampleContext, sampleEvent, sampleFile, sampleId, sampleJob } from "./samples.ts";

export function describeDurability(createBackEnd: () => Promise<DaoBackEnd>): void {
  test("after a DAO is closed and opened again everything is there, when it is durable", async () => {
    await using backEnd = await createBackEnd();
    await storeOneOfEach(backEnd);

    await using dao = await backEnd.open();
    if (!dao.capabilities.durable) return;
    await expectOneOfEach(dao);
    expect((await dao.binaries.insert(sampleBinary("a", 2))).version).toBe(2);
  });

  test("a DAO sees at once what another one on the same back end wrote", async () => {
    await using backEnd = await createBackEnd();
    await using writer = await backEnd.open();
    await using reader = await openOther(backEnd, writer);

    await writeOneOfEach(writer);

    await expectOneOfEach(reader);
  });

  test("a write that was called before the DAO was disposed is done", async () => {
    await using backEnd = await createBackEnd();
    const dao = await backEnd.open();

    const inserts = Array.from({ length: 50 }, (_, n) => dao.jobs.insert(sampleJob(n), json(n)));
    await dao[Symbol.asyncDispose]();

    expect(await Promise.all(inserts)).toEqual(Array(50).fill(undefined));
    await using again = await backEnd.open();
    if (!again.capabilities.durable) return;
    expect(await again.jobs.list({}, { limit: 100 })).toHaveLength(50);
  });

  test("checkHealth() resolves while the DAO works and rejects when it is closed", async () => {
    await using backEnd = await createBackEnd();
    const dao = await backEnd.open();

    await dao.checkHealth();
    await dao[Symbol.asyncDispose]();

    await expect(dao.checkHealth()).rejects.toThrow();
    await expect(dao.jobs.insert(sampleJob(1), json({}))).rejects.toThrow();
    await expect(dao.jobs.get(sampleId(1))).rejects.toThrow();
  });

  test("checkHealth() heeds its signal", async () => {
    await using backEnd = await createBackEnd();
    await using dao = await backEnd.open();
    const reason = new Error("enough");

    await expect(dao.checkHealth({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
}

async function storeOneOfEach(backEnd: DaoBackEnd): Promise<void> {
  await using dao = await backEnd.open();
  await writeOneOfEach(dao);
}

async function writeOneOfEach(dao: Dao): Promise<void> {
  await dao.jobs.insert(sampleJob(1), json("config"));
  await dao.jobs.update(sampleJob(1, { revision: 2 }), { result: json("result"), event: sampleEvent("e") });
  await dao.contexts.insert(sampleContext(1));
  await dao.binaries.insert(sampleBinary("a", 1));
  await dao.files.put(sampleFile("a"));
}

async function expectOneOfEach(dao: Dao): Promise<void> {
  expect(await dao.jobs.list({}, { limit: 10 })).toEqual([sampleJob(1, { revision: 2 })]);
  expect(await dao.jobs.config(sampleId(1))).toEqual(json("config"));
  expect(await dao.jobs.result(sampleId(1))).toEqual(json("result"));
  expect(await dao.contexts.list({}, { limit: 10 })).toEqual([sampleContext(1)]);
  expect(await dao.binaries.list({ limit: 10 })).toEqual([sampleBinary("a", 1, { version: 1 })]);
  expect(await dao.files.list({}, { limit: 10 })).toEqual([sampleFile("a")]);
  expect(await dao.outbox.list({ limit: 10 })).toEqual([sampleEvent("e")]);
}
