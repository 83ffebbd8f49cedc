import { afterAll, beforeAll, expect, test } from "vitest";
import { Context_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

let hearth: Hearth;
let first: Rest;
let second: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2 });
  [first, second] = hearth.urls.map(createRest) as [Rest, Rest];
});

afterAll(() => hearth[Symbol.asyncDispose]());

test("a context is stopped through any gateway, whichever receives its node's events", async () => {
  for (let round = 0; round < 6; round++) {
    const [creator, stopper] = round % 2 === 0 ? [first, second] : [second, first];
    const { id, state } = await creator.createContext(`c${round}`);
    expect(state).toBe(Context_State.RUNNING);
    const { status, body } = await stopper.call("POST", `/v1/contexts/${id}:stop`, {});
    expect({ status, body }).toMatchObject({ status: 200, body: { id, state: "STOPPED" } });
  }
});

test.each([
  ["POST", "/v1/contexts/nothing:restart"],
  ["GET", "/v1/contexts/nothing/objects"],
  ["DELETE", "/v1/contexts/nothing/objects/x"],
])("%s %s answers that there is no such context", async (method, path) => {
  const { status, body } = await first.call(method, path, method === "POST" ? {} : undefined);
  expect({ status, body }).toMatchObject({ status: 404, body: { message: expect.stringContaining('"nothing"') } });
});

test("a stopped context cannot be restarted and lists no objects", async () => {
  const { id } = await first.createContext("ended");
  await first.call("DELETE", "/v1/contexts/ended");

  expect((await first.call("POST", `/v1/contexts/${id}:restart`, {})).status).toBe(404);
  expect((await first.call("GET", `/v1/contexts/${id}/objects`)).status).toBe(404);
});
