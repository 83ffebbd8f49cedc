import { afterEach, beforeEach, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { checkBooks } from "../../nats/books.ts";
import { type Hearth, startHearth, untilNodesAreReady } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const echo = ({ config }) => config;
export const sleep = ({ config }) => new Promise((resolve) => setTimeout(resolve, config.ms, "slept"));
`;

let hearth: Hearth;
let rest: Rest;

beforeEach(async () => {
  hearth = await startHearth();
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
});

afterEach(async () => {
  // A frozen process does not end on SIGTERM.
  for (const { pid } of hearth.nodes) process.kill(pid, "SIGCONT");
  await hearth[Symbol.asyncDispose]();
});

/** Lets nothing of a node run until it is thawed. */
function freeze(index: number): { thaw(): void } {
  const { pid = 0 } = hearth.nodes[index] ?? {};
  process.kill(pid, "SIGSTOP");
  return { thaw: () => void process.kill(pid, "SIGCONT") };
}

async function contextState(name: string): Promise<string> {
  const { body } = await rest.call("GET", `/v1/contexts/${name}`);
  return (body as { state: string }).state;
}

async function loads(): Promise<{ contexts?: number; runningJobs?: number }[]> {
  const { body } = await rest.call("GET", "/v1/nodes");
  return (body as { nodes: { load: { contexts?: number } }[] }).nodes.map(({ load }) => load);
}

test("jobs of a node that was silent for too long run once elsewhere, and stop there when it is back", async () => {
  await rest.createContext("shared");
  const { id } = await rest.submit({
    ...{ binary: "jobs", entryPoint: "sleep", config: { ms: 5000 }, context: "shared" },
    ...{ maxAttempts: 2, retryDelay: "0.1s" },
  });
  await rest.untilState(id, Job_State.RUNNING);
  const node = freeze(0);
  await hearth.addNode();
  await until("the job runs elsewhere", async () => {
    const { state, attempt } = await rest.job(id);
    return state === Job_State.RUNNING && attempt === 2;
  });
  node.thaw();
  await untilNodesAreReady(hearth.url, 2);
  await until("one node holds the context", async () => {
    const contexts = (await loads()).map((load) => load.contexts ?? 0);
    return contexts.toSorted().join() === "0,1";
  });
  await until("the job is final", async () => (await rest.job(id)).state >= Job_State.SUCCEEDED);
  expect(await rest.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 2, attempts: [{ number: 1 }] });
  expect(await contextState("shared")).toBe("RUNNING");
  await checkBooks(hearth.natsUrl, rest, [id]);
});

test("the end of a lost job is ignored when its node comes back", async () => {
  await rest.createContext("shared", { maxJobsPerContext: 2 });
  const spec = { binary: "jobs", entryPoint: "sleep", context: "shared", config: { ms: 1500 } };
  const lost = await rest.submit(spec);
  const retried = await rest.submit({ ...spec, maxAttempts: 2, retryDelay: "0.1s" });
  for (const { id } of [lost, retried]) {
    await rest.untilState(id, Job_State.RUNNING);
  }
  // The processes of its contexts run on: both jobs succeed in there, and the node hears of it when it is thawed.
  const node = freeze(0);
  await rest.untilState(lost.id, Job_State.FAILED);
  node.thaw();
  await untilNodesAreReady(hearth.url, 1);
  await hearth.addNode();
  await rest.untilState(retried.id, Job_State.SUCCEEDED);
  expect(await rest.job(lost.id)).toMatchObject({ state: Job_State.FAILED, attempt: 1 });
  expect(await rest.job(retried.id)).toMatchObject({ attempt: 2, attempts: [{ number: 1 }] });
  await checkBooks(hearth.natsUrl, rest, [lost.id, retried.id]);
});

test("a context that no other node could take resumes when its node is back", async () => {
  await rest.createContext("shared");
  const node = freeze(0);
  await until("the context is lost", async () => (await contextState("shared")) === "RESTARTING");
  node.thaw();
  await until("it is back", async () => (await contextState("shared")) === "RUNNING");
  const { job, result } = await rest.run({ binary: "jobs", entryPoint: "echo", context: "shared", config: { n: 1 } });
  expect({ state: job.state, result }).toEqual({ state: Job_State.SUCCEEDED, result: { n: 1 } });
});
