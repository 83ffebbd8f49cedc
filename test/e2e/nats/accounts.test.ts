import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type ConnectionOptions, connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  AUDIT_STREAM,
  AUDIT_STREAM_CONFIG,
  EVENT_STREAM,
  FINAL_JOB_EVENTS,
  Job_State,
  jobEventSubject,
} from "../../../proto/mod.ts";
import { startGateway, startNode } from "../../../standalone/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { startTestNatsServer, type TestNatsServer } from "../../nats/server.ts";
import { untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const JOBS = `
export const echo = ({ config }) => config;
export const slow = ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));`;

const stack = new AsyncDisposableStack();
let nats: TestNatsServer;
let rest: Rest;

/** The configuration in docs/nats.md, as it stands there. */
async function readRecipe(): Promise<string> {
  const page = await readFile(join(ROOT, "docs/nats.md"), "utf8");
  const blocks = Array.from(page.matchAll(/^```conf\n(.*?)^```$/gms), ([, block = ""]) => block);
  return blocks.find((block) => block.includes("accounts {")) ?? "";
}

beforeAll(async () => {
  const { path } = stack.use(await createTemporaryDirectory());
  await writeFile(join(path, "nats.conf"), await readRecipe());
  const users = ["gateway", "node", "subscriber"];
  const passwords = users.map((user) => `${user.toUpperCase()}_PASSWORD: "password of ${user}"\n`);
  await writeFile(join(path, "passwords.conf"), passwords.join(""));
  nats = stack.use(await startTestNatsServer(["--config", join(path, "nats.conf")]));
  const part = async (user: string) => {
    const passwordFile = join(path, `${user}.password`);
    await writeFile(passwordFile, `password of ${user}\n`);
    return {
      ...{ natsUrl: nats.url, listen: "127.0.0.1:0", dataDir: join(path, user) },
      natsUser: { name: user, passwordFile },
    };
  };
  stack.use(await startNode(await part("node")));
  const gateway = stack.use(await startGateway(await part("gateway")));
  await untilNodesAreReady(`http://${gateway.ready}`, 1);
  rest = createRest(`http://${gateway.ready}`);
  await rest.upload("jobs", JOBS);
});

afterAll(() => stack.disposeAsync());

/** A connection as one of the users; what the server refuses of it is in `refused`. */
async function connectAs(user: string, options: ConnectionOptions = {}) {
  const connection = await connect({ servers: nats.url, user, pass: `password of ${user}`, ...options });
  const refused: string[] = [];
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) if (status.type === "error") refused.push(status.error.message);
  };
  const watched = watch();
  return {
    ...{ connection, refused },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await watched;
    },
  };
}

/** Subscribes; answers the subjects of what comes. */
function listen(connection: NatsConnection, subject: string): string[] {
  const subjects: string[] = [];
  connection.subscribe(subject, { callback: (error, message) => void (error || subjects.push(message.subject)) });
  return subjects;
}

test("docs/nats.md has the configuration that npm start uses", async () => {
  expect(await readRecipe()).toBe(await readFile(join(ROOT, "standalone/nats.conf"), "utf8"));
});

test("a gateway and a node run, retry, watch and cancel jobs with the permissions of their users", async () => {
  expect((await rest.run({ binary: "jobs", entryPoint: "echo", config: { n: 1 } })).result).toEqual({ n: 1 });
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "slow" });
  await rest.untilState(id, Job_State.RUNNING);
  await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
  await rest.untilState(id, Job_State.CANCELLED);
});

test("NATS refuses connections without credentials or with another user's password", async () => {
  const stranger = { servers: nats.url, maxReconnectAttempts: 0 };
  await expect(connect(stranger)).rejects.toThrow("Authorization Violation");
  await expect(connect({ ...stranger, user: "gateway", pass: "password of node" })).rejects.toThrow(
    "Authorization Violation",
  );
});

test("a subscriber reads only events of jobs and contexts", async () => {
  await using subscriber = await connectAs("subscriber");
  const jobs = listen(subscriber.connection, "hearth.v1.jobs.>");
  const contexts = listen(subscriber.connection, "hearth.v1.contexts.>");
  await subscriber.connection.flush();
  const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", config: {} });
  await until("the end of the job has come", () => jobs.includes(`hearth.v1.jobs.${job.id}.succeeded`));
  await until("an event of a context has come", () => contexts.length > 0);
  expect(subscriber.refused).toEqual([]);

  const denied = [">", "hearth.v1.>", "hearth.v1.audit.>", "hearth.v1.nodes.*", "hearth.v1.callbacks.*"];
  for (const subject of [...denied, "$JS.>", "$SYS.>", "_INBOX_gateway.>", "_INBOX_node.>"]) {
    listen(subscriber.connection, subject);
    await until(`${subject} is denied`, () =>
      subscriber.refused.some((each) => each.includes(`Subscription to "${subject}"`)),
    );
  }
});

test("a subscriber reads earlier events too from its durable consumer", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", config: {} });
  await using gateway = await connectAs("gateway", { inboxPrefix: "_INBOX_gateway" });
  const { consumers } = await jetstreamManager(gateway.connection);
  const policies = { ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All };
  await consumers.add("HEARTH", { durable_name: "subscriber", ...policies });

  await using subscriber = await connectAs("subscriber");
  const js = jetstream(subscriber.connection, { domain: "hearth" });
  const consumer = await js.consumers.get("HEARTH", "subscriber");
  let last = 0;
  for await (const message of await consumer.consume()) {
    expect(await message.ackAck()).toBe(true);
    last = message.seq;
    if (message.subject === `hearth.v1.jobs.${job.id}.succeeded`) break;
  }
  expect((await consumers.info("HEARTH", "subscriber")).ack_floor.stream_seq).toBe(last);
  expect(subscriber.refused).toEqual([]);
});

/** What ends a job, or does other harm, when the server takes it. */
const HARM = [
  "hearth.v1.jobs.victim.succeeded",
  "hearth.v1.contexts.victim.stopped",
  "hearth.v1.audit.done.jobs.start",
  "hearth.v1.callbacks.victim",
  "hearth.v1.nodes.heartbeat",
  "$JS.API.STREAM.DELETE.HEARTH",
  "$JS.API.STREAM.PURGE.HEARTH",
  "$JS.API.STREAM.MSG.GET.HEARTH_AUDIT",
  "$JS.API.CONSUMER.CREATE.HEARTH.mine",
  "$JS.API.CONSUMER.MSG.NEXT.HEARTH.other",
  "$JS.hearth.API.CONSUMER.CREATE.HEARTH.mine",
  "$JS.hearth.API.CONSUMER.MSG.NEXT.HEARTH.other",
  "$JS.hearth.API.CONSUMER.DELETE.HEARTH.subscriber",
  "$JS.hearth.API.STREAM.INFO.HEARTH",
  "$JS.ACK.HEARTH.other.1.1.1.1.0",
];

test("a subscriber cannot publish: no end of a job, no consumer, no message to others", async () => {
  await using subscriber = await connectAs("subscriber");
  for (const subject of HARM) {
    subscriber.connection.publish(subject, "{}");
    await until(`${subject} is denied`, () => subscriber.refused.some((each) => each.includes(`"${subject}"`)));
  }
});

test("a subscriber cannot have JetStream send its responses to gateways or nodes as a job's event", async () => {
  await using gateway = await connectAs("gateway", { inboxPrefix: "_INBOX_gateway" });
  const manager = await jetstreamManager(gateway.connection);
  const { job } = await rest.run({ binary: "jobs", entryPoint: "echo", config: {} });
  await manager.consumers.add("HEARTH", { durable_name: "subscriber", ack_policy: AckPolicy.Explicit });
  await using subscriber = await connectAs("subscriber");
  const own = listen(subscriber.connection, "hearth.v1.jobs.>");
  const forged = "hearth.v1.jobs.victim.succeeded";
  for (const what of ["MSG.NEXT", "INFO"]) {
    subscriber.connection.publish(`$JS.hearth.API.CONSUMER.${what}.HEARTH.subscriber`, "", { reply: forged });
  }
  await until("its own account has the answer", () => own.length > 0);
  expect(subscriber.refused).toEqual([]);
  const { state } = await manager.streams.info("HEARTH", { subjects_filter: forged });
  expect(state.subjects ?? {}).toEqual({});
  expect((await rest.job(job.id)).state).toBe(Job_State.SUCCEEDED);
});

test("a node cannot read events, the audit log or responses to others, nor publish as a gateway", async () => {
  await using node = await connectAs("node", { inboxPrefix: "_INBOX_node" });
  const read = ["hearth.v1.jobs.>", "hearth.v1.contexts.>", "hearth.v1.audit.>", "hearth.v1.callbacks.*", ">"];
  for (const subject of [...read, "_INBOX_gateway.>", "_INBOX.>"]) {
    listen(node.connection, subject);
    await until(`${subject} is denied`, () =>
      node.refused.some((each) => each.includes(`Subscription to "${subject}"`)),
    );
  }
  const written = [
    ...["hearth.v1.audit.done.jobs.start", "hearth.v1.callbacks.victim", "hearth.v1.contexts.victim.stopped"],
    ...["$JS.API.INFO", "$JS.API.STREAM.CREATE.HEARTH", "$JS.API.STREAM.INFO.HEARTH", "$JS.API.STREAM.PURGE.HEARTH"],
    ...["$JS.API.STREAM.MSG.GET.HEARTH", "$JS.API.CONSUMER.CREATE.HEARTH.mine", "$JS.ACK.HEARTH.other.1.1.1.1.0"],
  ];
  for (const subject of written) {
    node.connection.publish(subject, "{}");
    await until(`${subject} is denied`, () => node.refused.some((each) => each.includes(`"${subject}"`)));
  }
});

/** A made-up end of a job, as the gateway that follows the job would publish it. */
function forgedEnd(jobId: string) {
  const payload = {
    ...{ jobId, attempt: 1, seq: 9, time: new Date().toISOString() },
    succeeded: { result: { mediaType: "application/json", sizeBytes: "2" }, value: {} },
  };
  const attributes = headers();
  for (const name of ["Nats-Msg-Id", "ce-id"]) attributes.set(name, `${jobId}/1/9`);
  return { subject: `hearth.v1.jobs.${jobId}.succeeded`, payload: JSON.stringify(payload), headers: attributes };
}

test("a node cannot publish a forged end of a job to JetStream", async () => {
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "slow" });
  const { subject, payload, headers } = forgedEnd(id);
  await using node = await connectAs("node", { inboxPrefix: "_INBOX_node" });
  node.connection.publish(subject, payload, { headers });
  await until("the end is denied", () => node.refused.some((each) => each.includes(`"${subject}"`)));
  await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
  expect(await publishedEnds(id, "cancelled")).toEqual(["cancelled"]);
});

test("gateways ignore ends of jobs that others published to JetStream", async () => {
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "slow", timeout: "1s" });
  const { subject, payload, headers } = forgedEnd(id);
  await using gateway = await connectAs("gateway", { inboxPrefix: "_INBOX_gateway" });
  await jetstream(gateway.connection).publish(subject, payload, { headers });
  expect(await publishedEnds(id, "failed")).toEqual(["failed", "succeeded"]);
  expect((await rest.job(id)).state).toBe(Job_State.FAILED);
});

/** The types of the final events of a job that JetStream has, once it has the awaited one. */
async function publishedEnds(jobId: string, awaited: string): Promise<string[]> {
  await using gateway = await connectAs("gateway", { inboxPrefix: "_INBOX_gateway" });
  const { streams } = await jetstreamManager(gateway.connection);
  const final: readonly string[] = FINAL_JOB_EVENTS;
  let types: string[] = [];
  await until("its end is published", async () => {
    const { state } = await streams.info(EVENT_STREAM, { subjects_filter: jobEventSubject(jobId, "*") });
    types = Object.keys(state.subjects ?? {}).map((subject) => subject.split(".").at(-1) ?? "");
    return types.includes(awaited);
  });
  return types.filter((type) => final.includes(type)).sort();
}

test("a gateway cannot delete or purge streams, or publish as a node", async () => {
  await using gateway = await connectAs("gateway", { inboxPrefix: "_INBOX_gateway" });
  const streams = ["HEARTH", "HEARTH_CALLBACKS", "HEARTH_AUDIT"];
  const harm = streams.flatMap((stream) => [`$JS.API.STREAM.DELETE.${stream}`, `$JS.API.STREAM.PURGE.${stream}`]);
  for (const subject of [
    ...harm,
    "$JS.API.STREAM.MSG.GET.HEARTH_AUDIT",
    "hearth.v1.nodes.heartbeat",
    "$SYS.REQ.USER.INFO",
  ]) {
    gateway.connection.publish(subject, "");
    await until(`${subject} is denied`, () => gateway.refused.some((each) => each.includes(`"${subject}"`)));
  }
  listen(gateway.connection, "_INBOX_node.>");
  await until("what nodes are answered is denied", () =>
    gateway.refused.some((each) => each.includes("_INBOX_node.>")),
  );
});

test("a gateway cannot purge the audit log by directing JetStream's responses to its API", async () => {
  await using gateway = await connectAs("gateway", { inboxPrefix: "_INBOX_gateway" });
  const { streams } = await jetstreamManager(gateway.connection);
  await streams.add({ ...AUDIT_STREAM_CONFIG, subjects: [...AUDIT_STREAM_CONFIG.subjects] });
  await jetstream(gateway.connection).publish("hearth.v1.audit.done.jobs.start", "{}");
  const event = "hearth.v1.jobs.none.running";
  for (let n = 0; n < 20; n++) {
    gateway.connection.publish(event, "{}", { reply: `$JS.API.STREAM.PURGE.${AUDIT_STREAM}` });
  }
  // Answers come in order: when this one is here, the others are where they were sent.
  await gateway.connection.request(event, "{}");
  expect((await streams.info(AUDIT_STREAM)).state.messages).toBe(1);
});
