/** The server that a user would write with Fastify and BullMQ: `bullmq_api.ts <Redis port>`. */
import type { AddressInfo } from "node:net";
import { Queue, QueueEvents } from "bullmq";
import { fastify } from "fastify";

const connection = { host: "127.0.0.1", port: Number(process.argv[2]) };
const queue = new Queue("words", { connection });
const events = new QueueEvents("words", { connection });
// Every call in flight waits on this emitter.
events.setMaxListeners(0);
await events.waitUntilReady();

const app = fastify();
app.post("/jobs", async ({ body }) => {
  const job = await queue.add("count", body, { removeOnComplete: { count: 1000 } });
  return { id: job.id, state: "completed", result: await job.waitUntilFinished(events) };
});
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(`listening on ${(app.server.address() as AddressInfo).port}`);
process.once("SIGTERM", () => process.exit(0));
