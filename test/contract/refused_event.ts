import { expect } from "vitest";
import type { Dao, OutboxEvent } from "../../plugins/contract/mod.ts";
import { json, sampleContext, sampleId, sampleJob } from "./samples.ts";

/** Expects that an event which the back end refuses prevents its change from being stored, on an open, empty DAO. */
export async function expectRefusedWithItsChange(dao: Dao, refuse: () => Promise<OutboxEvent>): Promise<void> {
  await dao.jobs.insert(sampleJob(1), json(1));
  await dao.contexts.insert(sampleContext(1));
  const event = await refuse();

  const answers = await Promise.allSettled([
    dao.jobs.insert(sampleJob(2), json(2), { event }),
    dao.jobs.update(sampleJob(1, { revision: 2 }), { result: json("done"), event }),
    dao.contexts.update(sampleContext(1, { revision: 2 }), { event }),
  ]);

  expect(answers.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(await dao.jobs.list({}, { limit: 10 })).toEqual([sampleJob(1)]);
  expect(await dao.jobs.result(sampleId(1))).toBeUndefined();
  expect(await dao.contexts.list({}, { limit: 10 })).toEqual([sampleContext(1)]);
}
