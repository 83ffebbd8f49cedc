/**
 * Prints what happens to all jobs, as NATS delivers it: `job_events.ts [SERVER] [NAME]`.
 *
 * NAME is a durable consumer of the JetStream stream HEARTH. Its first start begins with the oldest event that the stream has; each
 * further one goes on where the last has ended, so nothing is missed meanwhile. Programs of one name share the events.
 *
 * SERVER, by default the environment's NATS_URL, with a name and a password, as `npm start` writes it to a file, is of a user who may only
 * read. It makes no consumer: the one of its name is there, and is reached by JetStream's domain `hearth`.
 */
import { AckPolicy, type JsMsg, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";

const STREAM = "HEARTH";
const [server = process.env.NATS_URL ?? "nats://127.0.0.1:4222", given] = process.argv.slice(2);
const { host, username: user, password: pass } = new URL(server.trim());
const name = given ?? (user || "job-events");

async function run(): Promise<void> {
  const nats = await connect({ servers: host, ...(user && { user, pass }) });
  const js = user ? jetstream(nats, { domain: "hearth" }) : await createConsumer(nats);
  const consumer = await js.consumers.get(STREAM, name);
  const messages = await consumer.consume();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => messages.stop());
  for await (const message of messages) {
    // The consumer of a user who may only read has the events of contexts, too.
    if (message.subject.startsWith("hearth.v1.jobs.")) print(message);
    // What is not acknowledged comes again; who must not count it twice looks at `ce-id`.
    message.ack();
  }
  await nats.drain();
}

async function createConsumer(nats: NatsConnection) {
  const manager = await jetstreamManager(nats);
  await manager.consumers.add(STREAM, {
    durable_name: name,
    // `hearth.v1.jobs.*.succeeded` would be the ends of those that succeeded.
    filter_subject: "hearth.v1.jobs.>",
    ack_policy: AckPolicy.Explicit,
  });
  return jetstream(nats);
}

/** The attributes of a CloudEvent are headers; its data, a `hearth.v1.JobEvent` as JSON, is the payload. */
function print(message: JsMsg): void {
  const [time, type, id] = ["time", "type", "id"].map((attribute) => message.headers?.get(`ce-${attribute}`));
  console.log(`${time} ${type} ${id} ${message.string()}`);
}

try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
