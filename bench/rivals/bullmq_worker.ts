/** The worker beside it: `bullmq_worker.ts <Redis port> <concurrency>`. */
import { Worker } from "bullmq";

const [port, concurrency] = process.argv.slice(2).map(Number);
const worker = new Worker<{ input: { string: string } }>(
  "words",
  async ({ data }) => {
    const counts: Record<string, number> = {};
    for (const word of data.input.string.split(" ")) counts[word] = (counts[word] ?? 0) + 1;
    return counts;
  },
  { connection: { host: "127.0.0.1", port: port ?? 0 }, concurrency: concurrency ?? 1 },
);
await worker.waitUntilReady();
console.log("listening on 0");
process.once("SIGTERM", () => process.exit(0));
