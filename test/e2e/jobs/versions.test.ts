import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

/** A program that returns its version, at once or when a file of that name is uploaded. */
function program(version: number): string {
  return `
    export const now = () => ${version};
    export async function later({ data, config, signal }) {
      while (!signal.aborted && !(await data.list()).includes(config.file)) await new Promise((go) => setTimeout(go, 20));
      return ${version};
    }
  `;
}

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2 });
  rest = createRest(hearth.url);
  await rest.createContext("warm");
});

afterAll(() => hearth[Symbol.asyncDispose]());

async function resultOf(binary: string, client = rest): Promise<unknown> {
  return (await client.run({ binary, entryPoint: "now", context: "warm" })).result;
}

test("the next job in a warm context runs the new upload; a running job keeps its version", async () => {
  await rest.upload("a", program(1));
  expect(await resultOf("a")).toBe(1);
  const { id } = await rest.submit({ binary: "a", entryPoint: "later", context: "warm", config: { file: "go-a" } });
  await rest.untilState(id, Job_State.RUNNING);

  await rest.upload("a", program(2));

  expect(await resultOf("a")).toBe(2);
  await rest.call("PUT", "/v1/data/go-a", "go");
  await rest.untilState(id, Job_State.SUCCEEDED);
  expect((await rest.call("GET", `/v1/jobs/${id}/result`)).body).toBe(1);
  expect(await rest.job(id)).toMatchObject({ binaryVersion: 1 });
});

test("a job may name an older version, by number and by digest", async () => {
  const first = await rest.upload("b", program(1));
  await rest.upload("b", program(2));

  expect(await Promise.all(["b", "b@1", "b@2", `b@${first.digest}`].map((name) => resultOf(name)))).toEqual([
    2, 1, 2, 1,
  ]);
  expect((await rest.call("POST", "/v1/jobs:run", { binary: "b@3", entryPoint: "now" })).status).toBe(404);
});

test("rollback makes an older version the newest, and does nothing if it already is", async () => {
  for (const version of [1, 2]) await rest.upload("c", program(version));
  const rollback = (body: object) => rest.call("POST", "/v1/binaries/c:rollback", body);

  expect(await rollback({ version: 1 })).toMatchObject({ status: 200, body: { name: "c", version: 3 } });
  expect(await resultOf("c")).toBe(1);
  expect(await resultOf("c", createRest(hearth.urls[1] ?? ""))).toBe(1);
  expect(await rollback({ version: 1 })).toMatchObject({ status: 200, body: { version: 3 } });
  expect(await rollback({ version: 9 })).toMatchObject({ status: 404, body: { code: "not_found" } });
  expect(await rollback({})).toMatchObject({ status: 400 });
  expect(await rest.call("POST", "/v1/binaries/nothing:rollback", { version: 1 })).toMatchObject({ status: 404 });
});

test("a version in use cannot be deleted until the job has ended", async () => {
  for (const version of [1, 2]) await rest.upload("d", program(version));
  const { id } = await rest.submit({ binary: "d@1", entryPoint: "later", context: "warm", config: { file: "go-d" } });

  const refused = { status: 400, body: { code: "failed_precondition", message: expect.stringContaining(id) } };
  expect(await rest.call("DELETE", "/v1/binaries/d@1")).toMatchObject(refused);
  expect(await rest.call("DELETE", "/v1/binaries/d")).toMatchObject(refused);
  expect((await rest.call("DELETE", "/v1/binaries/d@2")).status).toBe(200);

  await rest.call("POST", `/v1/jobs/${id}:cancel`, {});
  expect((await rest.call("DELETE", "/v1/binaries/d")).status).toBe(200);
  expect((await rest.call("GET", "/v1/binaries/d")).status).toBe(404);
});

test("a context never runs old code after an upload was acknowledged by any gateway", async () => {
  const clients = hearth.urls.map(createRest);
  let acknowledged = (await rest.upload("e", program(1))).version;
  let isDone = false;
  const old: object[] = [];
  const callers = Array.from({ length: 6 }, async (_, caller) => {
    for (let run = 0; !isDone; run++) {
      const expected = acknowledged;
      const result = await resultOf("e", clients[(caller + run) % clients.length]);
      if (Number(result) < expected) old.push({ expected, result });
    }
  });

  for (let version = 2; version <= 20; version++) {
    const uploaded = await clients[version % clients.length]?.upload("e", program(version));
    acknowledged = uploaded?.version ?? 0;
    expect(acknowledged).toBe(version);
    expect(await resultOf("e", clients[(version + 1) % clients.length])).toBe(version);
  }
  isDone = true;
  await Promise.all(callers);

  expect(old).toEqual([]);
});
