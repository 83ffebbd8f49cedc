import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const JOBS = `
export const echo = ({ config }) => config;
export const nap = ({ config }) => new Promise((resolve) => setTimeout(resolve, config.ms));
export function odd({ log, progress }) {
  console.log("half \\ud800 of a pair");
  progress(0.5, "\\udfff", { "k\\ud800": "\\udc00" });
  throw new Error("\\ud800 \\0");
}
`;

let hearth: Hearth;
let rest: Rest;
/** Of a gateway that is started when records are damaged already. */
let later: string;

beforeAll(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("whole");
  await rest.createContext("damaged");
});

afterAll(() => hearth[Symbol.asyncDispose]());

const run = (entryPoint: string, config: object = {}) =>
  rest.run({ binary: "jobs", entryPoint, context: "whole", config });

/** Puts bytes that are no message in the place of rows of the gateway's database, while it is open. */
function damage(table: string, column: string, value: string): void {
  const folder = join(hearth.dataDir, "gateway");
  const file = readdirSync(folder).find((name) => name.endsWith(".db") || name.endsWith(".sqlite")) ?? "";
  using database = new DatabaseSync(join(folder, file), { timeout: 5000 });
  const sql = `UPDATE ${table} SET message = ? WHERE ${column} = ?`;
  expect(database.prepare(sql).run(Uint8Array.of(0xff, 0xff), value).changes).toBe(1);
}

test("lists return readable objects and name damaged ones, also in a new gateway", async () => {
  const { job: lost } = await run("echo");
  const { job: kept } = await run("echo", { n: 1 });
  damage("jobs", "id", lost.id);
  damage("contexts", "name", "damaged");

  const { urls } = hearth;
  ({ url: later } = await hearth.addGateway());
  for (const each of [...urls, later]) {
    const { call } = createRest(each);
    const jobs = (await call("GET", "/v1/jobs")) as unknown as { status: number; body: { jobs: { id: string }[] } };
    expect(jobs.status).toBe(200);
    expect(jobs.body.jobs.map(({ id }) => id)).toContain(kept.id);
    expect(jobs.body.jobs.map(({ id }) => id)).not.toContain(lost.id);
    expect((await call("GET", "/jobs")).status).toBe(200);
    expect(await call("GET", "/v1/contexts")).toMatchObject({ status: 200, body: { contexts: [{ name: "whole" }] } });
    expect(await call("GET", "/contexts")).toMatchObject({ status: 200, body: ["whole"] });
    expect(await call("GET", `/v1/jobs/${lost.id}`)).toMatchObject({
      status: 500,
      body: { code: "data_loss", message: expect.stringContaining(`Cannot read job "${lost.id}" from the store`) },
    });
    expect(await call("GET", `/jobs/${lost.id}`)).toMatchObject({
      status: 500,
      body: { result: { errorClass: "RECORD_UNREADABLE" } },
    });
  }
  expect((await run("echo", { n: 2 })).result).toEqual({ n: 2 });
});

test("lone surrogates in a job's texts are stored and delivered", async () => {
  const { job } = await run("odd");
  expect(job.error?.message).toBe("\ufffd \0");
  const { call } = rest;
  expect(await call("GET", `/v1/jobs/${job.id}/logs`)).toMatchObject({
    status: 200,
    body: { lines: [{ text: "half \ufffd of a pair" }] },
  });
  // From the stream, which another gateway reads.
  const events = await fetch(`${later}/v1/jobs/${job.id}/events`);
  const last = (await events.text()).trim().split("\n").at(-1) ?? "";
  expect(JSON.parse(last)).toMatchObject({ failed: { error: { message: "\ufffd \0" } } });
});

test("job events that another program publishes change nothing, and watches skip them", async () => {
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "nap", config: { ms: 1500 } });
  await rest.untilState(id, Job_State.RUNNING);
  // By the gateway that has to read the stream.
  const watched = fetch(`${later}/v1/jobs/${id}/events`).then((response) => response.text());
  const nats = await connect({ servers: hearth.natsUrl });
  nats.publish(`hearth.v1.jobs.${id}.logged`, "no JSON");
  nats.publish(`hearth.v1.jobs.${id}.cancelled`, JSON.stringify({ jobId: id, attempt: 1, seq: 2, cancelled: {} }));
  nats.publish("hearth.v1.contexts.stranger.stopped", '{"contextId":7}');
  await nats.flush();
  await nats.close();
  const told = (await watched)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(told.at(-1)).toMatchObject({ jobId: id, seq: 2, succeeded: {} });
  expect(told.filter((event) => "cancelled" in event)).toEqual([]);
  expect(await rest.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1, seq: 2 });
});
