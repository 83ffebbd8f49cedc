import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State } from "../../../proto/mod.ts";
import { createRest, type Rest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";

const JOBS = `
/** Writes \`lines\` lines, then waits for a file, then writes as many again. */
export async function talk({ config, log, data, signal }) {
  for (let n = 1; n <= config.lines; n++) log.info("line " + n);
  while (!signal.aborted && !(await data.list()).includes(config.file)) await new Promise((go) => setTimeout(go, 20));
  for (let n = 1; n <= config.lines; n++) log.warn("line " + (config.lines + n));
}
export const once = ({ log }) => { log.error("only"); };
export async function twice({ log, jobId }) {
  log.info("a try");
  log.info("that fails");
  throw new Error("again");
}
export const silent = () => 1;
export function trace({ log }) {
  const error = new TypeError("astray");
  console.error(error);
  log.warn(error.stack);
}
`;

let hearth: Hearth;
let rest: Rest;

beforeAll(async () => {
  hearth = await startHearth({ gateways: 2 });
  rest = createRest(hearth.url);
  await rest.upload("jobs", JOBS);
  await rest.createContext("warm");
});

afterAll(() => hearth[Symbol.asyncDispose]());

interface Line {
  readonly number: number;
  readonly text: string;
  readonly level: string;
  readonly attempt: number;
}

/** The lines as they come. Ends with the stream. */
async function* watch(jobId: string, { url = hearth.url, after = 0 } = {}): AsyncGenerator<Line> {
  const response = await fetch(`${url}/v1/jobs/${jobId}/logs:watch?afterNumber=${after}`);
  expect(response).toMatchObject({ status: 200 });
  let rest = "";
  for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

async function submit(entryPoint: string, config: object = {}, more: object = {}): Promise<string> {
  return (await rest.submit({ binary: "jobs", entryPoint, context: "warm", config, ...more })).id;
}

test("log lines are followed through any gateway, each once and in order, until the job ends", async () => {
  const id = await submit("talk", { lines: 300, file: "go-1" });
  const watches = hearth.urls.map(async (url) => {
    const seen: number[] = [];
    for await (const { number } of watch(id, { url })) {
      seen.push(number);
      if (number === 300) await rest.call("PUT", "/v1/data/go-1", "go");
    }
    return seen;
  });

  expect(await Promise.all(watches)).toEqual([numbers(1, 600), numbers(1, 600)]);
  expect((await rest.job(id)).state).toBe(Job_State.SUCCEEDED);
});

test("log lines are replayed from any point, while the job runs and after it has ended", async () => {
  const id = await submit("talk", { lines: 50, file: "go-2" });
  const live = watch(id, { after: 20 });
  expect(await live.next()).toMatchObject({ value: { number: 21, text: "line 21", level: "INFO", attempt: 1 } });
  const late = watch(id, { after: 49, url: hearth.urls[1] ?? "" });
  expect(await late.next()).toMatchObject({ value: { number: 50 } });
  await rest.call("PUT", "/v1/data/go-2", "go");
  expect((await Array.fromAsync(live)).map(({ number }) => number)).toEqual(numbers(22, 100));
  expect((await Array.fromAsync(late)).map(({ number }) => number)).toEqual(numbers(51, 100));

  for (const [after, from] of [
    [0, 1],
    [98, 99],
  ] as const) {
    const lines = await Array.fromAsync(watch(id, { after }));
    expect(lines.map(({ number }) => number)).toEqual(numbers(from, 100));
  }
  expect(await Array.fromAsync(watch(id, { after: 100 }))).toEqual([]);
});

test("a browser that reconnects continues after the last line that it received", async () => {
  const id = await submit("talk", { lines: 3, file: "go-2" });
  await rest.untilState(id, Job_State.SUCCEEDED);
  const events = await fetch(`${hearth.url}/v1/jobs/${id}/logs:watch`, {
    headers: { accept: "text/event-stream", "last-event-id": "4" },
  });
  const ids = (await events.text()).split("\n").filter((line) => line.startsWith("id: "));
  expect(ids).toEqual(["id: 5", "id: 6"]);
});

test("the log keeps the lines of all attempts in order", async () => {
  const id = await submit("twice", {}, { maxAttempts: 3, retryDelay: "0.05s" });

  const lines = await Array.fromAsync(watch(id));

  expect(lines.map(({ attempt, text }) => `${attempt} ${text}`)).toEqual(
    [1, 2, 3].flatMap((attempt) => [`${attempt} a try`, `${attempt} that fails`]),
  );
  const ascending = lines.map(({ number }) => number).toSorted((a, b) => a - b);
  expect(lines.map(({ number }) => number)).toEqual(ascending);
  expect(await Array.fromAsync(watch(id, { url: hearth.urls[1] ?? "" }))).toEqual(lines);
  expect((await rest.call("GET", `/v1/jobs/${id}/logs`)).body).toEqual({ lines });
});

test("a job without lines has an empty log, and an unknown job is not found", async () => {
  expect(await Array.fromAsync(watch(await submit("silent")))).toEqual([]);
  const { status } = await rest.call("GET", "/v1/jobs/019a0000-0000-7000-8000-000000000000/logs:watch");
  expect(status).toBe(404);
});

test("stacks in the log show the author's lines", async () => {
  const lines = await Array.fromAsync(watch(await submit("trace")));
  const line = JOBS.slice(0, JOBS.indexOf("new TypeError")).split("\n").length;
  const stack = `TypeError: astray\n    at Object.trace [as run] (main.ts:${line}:17)`;
  expect(lines.map(({ level, text }) => [level, text])).toEqual([
    ["ERROR", stack],
    ["WARN", stack],
  ]);
});

test("the only line of a fast job is delivered", async () => {
  for (let round = 0; round < 20; round++) {
    const lines = await Array.fromAsync(watch(await submit("once"), { url: hearth.urls[round % 2] ?? "" }));
    expect(lines.map(({ text }) => text)).toEqual(["only"]);
  }
});
