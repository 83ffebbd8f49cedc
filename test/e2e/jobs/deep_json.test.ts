import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const JOBS = `
const deep = (levels) => (levels === 0 ? 1 : { a: deep(levels - 1) });
export const returns = ({ config }) => deep(config.levels);
export async function* streams({ config }) { yield deep(config.levels - 1); }
export const reports = ({ config, progress }) => progress(0.5, "halfway", deep(config.levels));
const beyond = { rows: [JSON.rawJSON("1e400")] };
export const returnsBeyond = () => beyond;
export async function* streamsBeyond() { yield beyond; }
export const reportsBeyond = ({ progress }) => progress(0.5, "halfway", beyond);
`;

let hearth: Hearth;
/** Client of the gateway that receives the jobs; `other` is of a gateway that learns of them from NATS. */
let rest: Rest;
let other: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2 });
  [rest, other] = hearth.urls.map(createRest) as [Rest, Rest];
  await rest.upload("jobs", JOBS);
  await rest.createContext("warm");
});

afterAll(() => hearth[Symbol.asyncDispose]());

function deep(levels: number): unknown {
  return levels === 0 ? 1 : { a: deep(levels - 1) };
}

test.each([40, 41, 99, 1000])(
  "a result of %i levels is kept as it is, and goes with its job up to 40",
  async (levels) => {
    const { job, result } = await rest.run({
      binary: "jobs",
      entryPoint: "returns",
      context: "warm",
      config: { levels },
    });
    expect(result).toEqual(levels > 40 ? undefined : deep(levels));
    for (const { call } of [rest, other]) {
      expect(await call("GET", `/v1/jobs/${job.id}/result`)).toMatchObject({ status: 200, body: deep(levels) });
      expect(await call("GET", `/v1/jobs/${job.id}`)).toMatchObject({ status: 200, body: { state: "SUCCEEDED" } });
    }
  },
);

test("a job with a deeply nested result is watched through any gateway to its end", async () => {
  const spec = { binary: "jobs", entryPoint: "returns", context: "warm", config: { levels: 500 } };
  const { id } = await rest.submit(spec);
  for (const url of hearth.urls) {
    const response = await fetch(`${url}/v1/jobs/${id}/events`);
    const last = (await response.text()).trim().split("\n").at(-1) ?? "";
    expect(JSON.parse(last)).toMatchObject({ jobId: id, succeeded: { result: { mediaType: "application/json" } } });
  }
});

test("parts of a streamed result may nest to any depth", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "streams", context: "warm", config: { levels: 300 } });
  const { body } = await other.call("GET", `/v1/jobs/${job.id}/result`);
  expect(body).toEqual([deep(299)]);
});

test("progress fields that nest too deep are left out, and the message says so", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "reports", context: "warm", config: { levels: 60 } });
  expect(job.progress).toMatchObject({
    fraction: 0.5,
    message: "halfway (its fields were left out: deeper than 40 levels)",
  });
  expect(job.progress?.fields).toBeUndefined();
});

test.each([
  ["returnsBeyond", '{"rows":[1e400]}'],
  ["streamsBeyond", '[{"rows":[1e400]}]'],
])(
  "a result with a number beyond a double (%s) is kept as it is, and does not go with its job",
  async (entryPoint, kept) => {
    const { job, result } = await rest.run({ binary: "jobs", entryPoint, context: "warm" });
    expect({ state: job.state, result }).toEqual({ state: Job_State.SUCCEEDED, result: undefined });
    for (const { call } of [rest, other]) {
      expect(await call("GET", `/v1/jobs/${job.id}/result`)).toMatchObject({ status: 200, body: JSON.parse(kept) });
      expect(await call("GET", "/v1/jobs")).toMatchObject({ status: 200 });
    }
  },
);

test("progress fields with a number beyond a double are left out, and the message says so", async () => {
  const { job } = await rest.run({ binary: "jobs", entryPoint: "reportsBeyond", context: "warm" });
  expect(job.progress).toMatchObject({
    message: "halfway (its fields were left out: a number beyond those of a double)",
  });
  expect(await other.call("GET", "/v1/jobs")).toMatchObject({ status: 200 });
});
