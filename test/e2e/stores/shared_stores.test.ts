import { afterAll, beforeAll, expect, test } from "vitest";
import { Context_State, Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { startTestNatsServer } from "../../nats/server.ts";
import { startTestPostgres } from "../../postgres/server.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const stack = new AsyncDisposableStack();
let hearth: Hearth;
let a: Rest;
let b: Rest;

beforeAll(async () => {
  const postgres = stack.use(await startTestPostgres());
  const objects = stack.use(await startTestNatsServer());
  const dao = { plugin: "hearth:dao-postgres", config: { url: postgres.url, poolSize: 3 } };
  const blobs = { plugin: "hearth:blobs-nats", config: { url: objects.url } };
  hearth = stack.use(await startHearth({ gateways: 2, config: { gateway: { dao, blobs } } }));
  [a, b] = hearth.urls.map((url) => createRest(url)) as [Rest, Rest];
  await a.upload("jobs", "export const echo = ({ config }) => config;");
});

afterAll(() => stack.disposeAsync());

test("changes that one gateway acknowledged are readable at once through another on the same PostgreSQL", async () => {
  for (let n = 0; n < 6; n++) {
    const [writer, reader] = n % 2 ? [a, b] : [b, a];
    const submitted = await writer.submit({ binary: "jobs", entryPoint: "echo", config: { n } });
    expect((await reader.job(submitted.id)).id).toBe(submitted.id);

    const { job } = await writer.run({ binary: "jobs", entryPoint: "echo", config: { n } });
    expect(await reader.job(job.id)).toMatchObject({ id: job.id, state: Job_State.SUCCEEDED });
    expect((await reader.call("GET", `/v1/jobs/${job.id}/result`)).body).toEqual({ n });
  }
});

test("a context that one gateway started is usable through another, and its name is taken", async () => {
  const context = await a.createContext("shared");

  const { body } = await b.call("GET", "/v1/contexts/shared");
  expect(body).toMatchObject({ id: context.id, state: Context_State[Context_State.RUNNING] });
  expect((await b.call("POST", "/v1/contexts", { name: "shared" })).status).toBe(409);
  expect((await b.run({ binary: "jobs", entryPoint: "echo", context: "shared", config: { n: 1 } })).result).toEqual({
    n: 1,
  });
  await b.call("DELETE", "/v1/contexts/shared");
  expect((await a.call("GET", "/v1/contexts/shared")).body).toMatchObject({ id: context.id, state: "STOPPED" });
});

test("data files that are posted at once through two gateways get different names", async () => {
  const texts = Array.from({ length: 30 }, (_, n) => `file ${n}`);

  const posted = await Promise.all(
    texts.map(async (body, n) => {
      const response = await fetch(`${hearth.urls[n % 2]}/data/at-once`, { method: "POST", body });
      return (await response.json()) as { result: { filename: string } };
    }),
  );

  const names = posted.map(({ result }) => result.filename);
  expect(new Set(names).size).toBe(texts.length);
  const read = names.map(async (name) => (await fetch(`${hearth.urls[0]}/v1/data/${name}`)).text());
  expect(await Promise.all(read)).toEqual(texts);
});

test("a binary that one gateway stored can be downloaded from another", async () => {
  const source = "export const two = () => 2;";
  await a.upload("two", source);

  const response = await fetch(`${hearth.urls[1]}/v1/binaries/two:download`);
  expect(await response.text()).toContain("two");
  expect((await b.run({ binary: "two", entryPoint: "two" })).result).toBe(2);
});
