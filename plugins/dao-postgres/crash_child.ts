/** For the crash test: stores jobs in the database that the first argument configures until killed, and prints each that is durable. */
import { json, sampleEvent, sampleId, sampleJob } from "../../test/contract/samples.ts";
import { configSchema } from "./config.ts";
import postgres from "./mod.ts";

const config = configSchema.parse(JSON.parse(process.argv[2] ?? ""));
const log = { info() {}, warn() {} };
const dao = await postgres.start({ config, log, signal: new AbortController().signal });
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
