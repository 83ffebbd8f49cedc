import { afterEach, beforeEach, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";

const JOBS = `
export const sleep = ({ config }) => new Promise((resolve) => setTimeout(resolve, config.ms, "slept"));
`;

let lines: string[];
let hearth: Hearth;
let rest: Rest;

beforeEach(() => {
  lines = [];
});

afterEach(async () => {
  for (const { pid } of hearth.gateways) signal(pid, "SIGCONT");
  await hearth[Symbol.asyncDispose]();
});

async function start(options: { gateways?: number } = {}): Promise<void> {
  hearth = await startHearth({ ...options, onLine: (line) => lines.push(line) });
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
}

/** Nothing when the process is gone. */
function signal(pid: number | undefined, name: NodeJS.Signals): void {
  try {
    process.kill(pid ?? 0, name);
  } catch {
    return;
  }
}

function count(text: string): number {
  return lines.filter((line) => line.includes(text)).length;
}

/** What the node logs; a call that breaks off with the session has other words around it, in the gateway's log. */
const GIVEN_UP = '"reason":"The gateway was silent for too long"';

const spec = { binary: "jobs", entryPoint: "sleep" };

const isRunning = (state: Job_State): boolean => state === Job_State.RUNNING;
const isFinal = (state: Job_State): boolean => state >= Job_State.SUCCEEDED;

test("a gateway that was suspended does not mark nodes as lost", async () => {
  await start();
  await rest.createContext("shared");
  const jobs = [
    await rest.submit({ ...spec, config: { ms: 25_000 }, context: "shared" }),
    await rest.submit({ ...spec, config: { ms: 25_000 } }),
  ];
  for (const { id } of jobs) await rest.untilState(id, isRunning);
  for (const _ of [1, 2, 3]) {
    const givenUp = count(GIVEN_UP);
    signal(hearth.gateways[0]?.pid, "SIGSTOP");
    // Longer than a node is waited for.
    await until("the node has given the gateway up", () => count(GIVEN_UP) > givenUp);
    const opened = count("session opened");
    signal(hearth.gateways[0]?.pid, "SIGCONT");
    // Both say so.
    await until("there is another session", () => count("session opened") >= opened + 2);
  }
  for (const { id } of jobs) {
    await rest.untilState(id, isFinal);
    expect(await rest.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1, attempts: [] });
  }
  expect(count("context lost with its node")).toBe(0);
});

test("jobs that ended while the only gateway was suspended, and then killed, have succeeded", async () => {
  await start();
  await rest.createContext("shared", { maxJobsPerContext: 1 });
  const jobs = [await rest.submit({ ...spec, config: { ms: 1000 }, context: "shared" })];
  for (const ms of [1, 2, 3]) jobs.push(await rest.submit({ ...spec, config: { ms }, context: "shared" }));
  signal(hearth.gateways[0]?.pid, "SIGSTOP");
  // The node ends the session only after the ends of these jobs.
  await until("the node has given the gateway up", () => count(GIVEN_UP) > 0);
  signal(hearth.gateways[0]?.pid, "SIGKILL");
  const other = createRest((await hearth.addGateway()).url);
  for (const { id } of jobs) {
    await other.untilState(id, isFinal);
    expect(await other.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1, attempts: [] });
  }
});

test("another gateway records the ends of jobs that were in flight to a killed gateway", async () => {
  await start({ gateways: 2 });
  const other = createRest(hearth.urls[1] ?? "");
  await rest.createContext("shared", { maxJobsPerContext: 1 });
  const jobs = [await rest.submit({ ...spec, config: { ms: 1000 }, context: "shared" })];
  for (let n = 0; n < 10; n++) jobs.push(await rest.submit({ ...spec, config: { ms: n }, context: "shared" }));
  signal(hearth.gateways[0]?.pid, "SIGSTOP");
  await until("the node has given the gateway up", () => count(GIVEN_UP) > 0);
  signal(hearth.gateways[0]?.pid, "SIGKILL");
  for (const { id } of jobs) {
    await other.untilState(id, isFinal);
    expect(await other.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1, attempts: [] });
  }
});

test("a gateway that starts while a node drains does not change the node's jobs", async () => {
  await start();
  await rest.createContext("shared");
  const { id } = await rest.submit({ ...spec, config: { ms: 10_000 }, context: "shared" });
  await rest.untilState(id, isRunning);
  hearth.nodes[0]?.closed.catch(() => {});
  signal(hearth.nodes[0]?.pid, "SIGTERM");
  const other = createRest((await hearth.addGateway()).url);
  await other.untilState(id, isFinal);
  expect(await other.job(id)).toMatchObject({ state: Job_State.SUCCEEDED, attempt: 1, attempts: [] });
});
