/** For the crash test: stores jobs in the database named by the first argument until killed, and prints each that is durable. */
import { json, sampleEvent, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { startDao } from "./dao.ts";

const dao = await startDao(process.argv[2] ?? "", {
  log: { info() {}, warn() {} },
  signal: new AbortController().signal,
});
let next = 0;

async function storeEndlessly(): Promise<never> {
  for (;;) {
    const n = next++;
    void dao.jobs.insert(sampleJob(n), json({}));
    await dao.jobs.update(sampleJob(n, { revision: 2 }), { result: json(n), event: sampleEvent(sampleId(n)) });
    process.stdout.write(`${n}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, storeEndlessly));
