/**
 * For the crash test: stores jobs in the database that the first argument names until killed, and prints each durable one. The second
 * argument is the number of concurrent writes; 1 makes each a single commit.
 */
import { setTimeout as delay } from "node:timers/promises";
import { json, sampleEvent, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { startDao } from "./dao.ts";

const dao = await startDao(process.argv[2] ?? "", {
  log: { info() {}, warn() {} },
  signal: new AbortController().signal,
});
const atATime = Number(process.argv[3]);
let next = 0;

async function storeEndlessly(): Promise<never> {
  for (;;) {
    const n = next++;
    const inserted = dao.jobs.insert(sampleJob(n), json({}));
    if (atATime === 1) {
      await inserted;
      await delay(2);
    }
    await dao.jobs.update(sampleJob(n, { revision: 2 }), { result: json(n), event: sampleEvent(sampleId(n)) });
    process.stdout.write(`${n}\n`);
  }
}

await Promise.all(Array.from({ length: atATime }, storeEndlessly));
