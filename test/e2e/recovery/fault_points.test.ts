import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Job_State, JobError_Reason } from "../../../proto/mod.ts";
import { createTemporaryDirectory } from "../../contract/temporary_directory.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { checkBooks, readBooks } from "../../nats/books.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";

const JOBS = `
export const nap = ({ config }) => new Promise((resolve) => setTimeout(resolve, config.ms, config.n));
export const fail = () => { throw new Error("no"); };
`;

let stack: AsyncDisposableStack;
let dieAfter: string;
let hearth: Hearth;
let rest: Rest;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  const { path: dataDir } = stack.use(await createTemporaryDirectory());
  dieAfter = join(dataDir, "die-after");
  const plugin = join(import.meta.dirname, "../../plugins/dying_dao.ts");
  const config = { path: join(dataDir, "record.sqlite"), dieAfter };
  hearth = stack.use(await startHearth({ dataDir, config: { gateway: { dao: { plugin, config } } } }));
  for (const { closed } of [...hearth.gateways, ...hearth.nodes]) closed.catch(() => {});
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("shared", { maxJobsPerContext: 4 });
});

afterEach(() => stack.disposeAsync());

/** Waits until the gateway has died at its fault point, and starts another one. */
async function replaceGateway(nodes: number): Promise<void> {
  const [gateway] = hearth.gateways;
  await Promise.allSettled([gateway?.closed]);
  const { url } = await hearth.addGateway();
  await untilNodesAreReady(url, nodes);
  rest = createRest(url);
}

test("another gateway publishes the end of a job that a killed gateway committed", async () => {
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "nap", config: { ms: 500, n: 7 }, context: "shared" });
  await writeFile(dieAfter, "succeeded");
  await replaceGateway(1);
  expect(await rest.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1 });
  await checkBooks(hearth.natsUrl, rest, [id]);
  expect((await rest.call("GET", `/v1/jobs/${id}/result`)).body).toBe(7);
  expect((await readBooks(hearth.natsUrl)).get(id)?.map(({ type }) => type)).toEqual(["running", "succeeded"]);
});

test("another gateway publishes the loss of a job that a killed gateway committed", async () => {
  const { id } = await rest.submit({ binary: "jobs", entryPoint: "nap", config: { ms: 60_000 }, context: "shared" });
  await rest.untilState(id, Job_State.RUNNING);
  await writeFile(dieAfter, "failed");
  process.kill(hearth.nodes[0]?.pid ?? 0, "SIGKILL");
  await replaceGateway(0);
  expect(await rest.job(id)).toMatchObject({ state: Job_State.FAILED, error: { reason: JobError_Reason.NODE_LOST } });
  await checkBooks(hearth.natsUrl, rest, [id]);
});

test("the end of an attempt precedes the events of the next one although its gateway died before publishing it", async () => {
  const spec = { binary: "jobs", entryPoint: "fail", context: "shared", maxAttempts: 3, retryDelay: "0.1s" };
  await writeFile(dieAfter, "retrying");
  const submitted = rest.submit(spec).then(
    ({ id }) => id,
    () => undefined,
  );
  await replaceGateway(1);
  // The answer may have been lost with the gateway.
  const id = (await submitted) ?? (await newestJob());
  await rest.untilState(id, Job_State.FAILED);
  await checkBooks(hearth.natsUrl, rest, [id]);
  const told = (await readBooks(hearth.natsUrl)).get(id)?.map(({ attempt, type }) => `${attempt} ${type}`);
  // Where the machine is slow, an attempt takes so long that it says that it runs.
  expect(told?.filter((each) => !each.endsWith("running"))).toEqual(["1 retrying", "2 retrying", "3 failed"]);
});

async function newestJob(): Promise<string> {
  const { body } = await rest.call("GET", "/v1/jobs");
  return (body as { jobs: { id: string }[] }).jobs[0]?.id ?? "";
}
