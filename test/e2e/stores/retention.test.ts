import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRest } from "../../http/rest.ts";
import { startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const once = ({ log }) => { log.info("hello"); return 1; };
export function wait({ signal }) {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}
`;

/** About a tenth of a second, swept several times a second; for a gateway that joins when all is set up. */
const days = 0.1 / 86_400;
const config = {
  gateway: { retention: { jobDays: days, contextDays: days, binaryDays: days, everyMinutes: 0.2 / 60 } },
};

test("retention deletes ended and unused objects after their time, and keeps open ones", async () => {
  await using hearth = await startHearth();
  const rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.upload("jobs", `${JOBS} // 2`);
  await rest.upload("jobs", `${JOBS} // 3`);
  const kept = await rest.createContext("kept");
  const stopped = await rest.createContext("stopped");
  const waiting = await rest.submit({ binary: "jobs@1", entryPoint: "wait", context: "kept" });
  const { job } = await rest.run({ binary: "jobs@2", entryPoint: "once", context: "kept" });
  await rest.call("DELETE", "/v1/contexts/stopped");
  await writeFile(join(hearth.dataDir, "config.json"), JSON.stringify(config));
  await hearth.addGateway();
  const status = async (path: string) => (await rest.call("GET", path)).status;

  await until("the job is gone", async () => (await status(`/v1/jobs/${job.id}`)) === 404);
  await until("the context is gone", async () => (await status(`/v1/contexts/${stopped.id}`)) === 404);
  await until("the version is gone", async () => (await status("/v1/binaries/jobs@2")) === 404);
  for (const part of ["result", "config", "logs"]) expect(await status(`/v1/jobs/${job.id}/${part}`)).toBe(404);

  expect(await status(`/v1/jobs/${waiting.id}`)).toBe(200);
  expect(await status(`/v1/contexts/${kept.id}`)).toBe(200);
  expect(await status("/v1/binaries/jobs@1")).toBe(200);
  expect(await status("/v1/binaries/jobs@3")).toBe(200);

  await rest.call("POST", `/v1/jobs/${waiting.id}:cancel`, {});
  await until("the version that it used is gone", async () => (await status("/v1/binaries/jobs@1")) === 404);
  expect((await rest.run({ binary: "jobs", entryPoint: "once", context: "kept" })).result).toBe(1);
});
