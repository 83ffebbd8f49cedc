import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { createRestAs } from "../../http/rest.ts";
import { startHearth } from "../../system/hearth.ts";

const JOBS = "export const wait = () => new Promise(() => {});";

test("a call whose deadline passes while the store is locked ends with deadline_exceeded, and the gateway serves the next call", async () => {
  await using hearth = await startHearth({ config: { node: { drainTimeoutMs: 0 } } });
  const hurried = createRestAs(hearth.url, { "connect-timeout-ms": "300" });
  const patient = createRestAs(hearth.url, { "connect-timeout-ms": "900" });
  const calm = createRestAs(hearth.url, {});
  await calm.upload("jobs", JOBS);
  await calm.createContext("warm");
  const job = { binary: "jobs", entryPoint: "wait" };

  using database = new DatabaseSync(join(hearth.dataDir, "gateway", "hearth.sqlite"), { timeout: 5000 });
  database.exec("BEGIN IMMEDIATE");
  const inItsOwnContext = hurried.call("POST", "/v1/jobs:run", job);
  // A job in a warm context starts without a write: when this call reaches its later deadline, the other deadline has passed by the gateway's clock.
  const inTheWarmOne = await patient.call("POST", "/v1/jobs:run", { ...job, context: "warm" });
  database.exec("ROLLBACK");

  expect(inTheWarmOne).toMatchObject({ status: 504, body: { code: "deadline_exceeded" } });
  expect(await inItsOwnContext).toMatchObject({ status: 504, body: { code: "deadline_exceeded" } });
  expect(await calm.call("GET", "/v1/jobs")).toMatchObject({ status: 200 });
});
