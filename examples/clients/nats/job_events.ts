/**
 * Prints what happens to all jobs, as NATS tells it: `job_events.ts [SERVER] [NAME]`.
 *
 * NAME is a durable consumer of the JetStream stream HEARTH. Its first start begins with the oldest event that the stream has; each
 * further one goes on where the last has ended, so nothing is missed meanwhile. Programs of one name share the events.
 */
import { AckPolicy, type JsMsg, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

const STREAM = "HEARTH";
const [server = "nats://127.0.0.1:4222", name = "job-events"] = process.argv.slice(2);

async function run(): Promise<void> {
  const nats = await connect({ servers: server });
  const manager = await jetstreamManager(nats);
  await manager.consumers.add(STREAM, {
    durable_name: name,
    // `hearth.v1.jobs.*.succeeded` would be the ends of those that succeeded.
    filter_subject: "hearth.v1.jobs.>",
    ack_policy: AckPolicy.Explicit,
  });
  const consumer = await jetstream(nats).consumers.get(STREAM, name);
  const messages = await consumer.consume();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => messages.stop());
  for await (const message of messages) {
    print(message);
    // What is not acknowledged comes again; who must not count it twice looks at `ce-id`.
    message.ack();
  }
  await nats.drain();
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
