import { setTimeout as delay } from "node:timers/promises";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Job_State, JobError_Reason, JobService } from "../../proto/mod.ts";
import type { Rest } from "../../test/http/rest.ts";
import { type SparkSystem, startSparkSystem } from "../../test/spark/system.ts";
import { until } from "../../test/until.ts";

const { SUCCEEDED, FAILED, RUNNING, CANCELLED } = Job_State;
let system: SparkSystem;
let url: string;
let otherUrl: string;
let rest: Rest;

beforeAll(async () => {
  system = await startSparkSystem();
  ({
    rest,
    urls: [url, otherUrl],
  } = system);
});

afterAll(() => system[Symbol.asyncDispose]());

/** Sends a query over REST to any context and gateway. */
function ask(statement: string, { sql = {}, context = "spark", at = url, timeout = "", signal }: Asked = {}) {
  const query = timeout === "" ? "" : `?timeout=${timeout}`;
  return fetch(`${at}/v1/contexts/${context}:sql${query}`, {
    ...{ method: "POST", headers: { "content-type": "application/json" } },
    ...{ body: JSON.stringify({ statement, ...sql }), signal: signal ?? null },
  });
}

interface Asked {
  readonly sql?: object;
  readonly context?: string;
  readonly at?: string;
  readonly timeout?: string;
  readonly signal?: AbortSignal;
}

async function errorOf(answer: Response) {
  const { message, details } = (await answer.json()) as {
    message: string;
    details: { value?: unknown; debug?: { reason?: string } }[];
  };
  return { status: answer.status, message, reason: details[0]?.debug?.reason ?? JSON.stringify(details[0]) };
}

const jobIdOf = (answer: Response): string => answer.headers.get("hearth-job-id") ?? "";

async function _untilState(jobId: string, state: Job_State): Promise<void> {
  await until(`job ${jobId} is ${Job_State[state]}`, async () => (await rest.job(jobId)).state === state);
}

/** The job of the only query with this statement, once it is stored. */
async function jobOf(statement: string): Promise<string> {
  let id = "";
  await until(`"${statement}" runs`, async () => {
    const { body } = await rest.call("GET", "/v1/jobs?context=spark&states=RUNNING&pageSize=1000");
    const { jobs = [] } = body as { jobs?: { id: string; sql?: { statement: string } }[] };
    id = jobs.find(({ sql }) => sql?.statement === statement)?.id ?? "";
    return id !== "";
  });
  return id;
}

test("a query returns its rows as NDJSON, with the id of its job in a header", async () => {
  const answer = await ask("RANGE 2");
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
  const text = '{"schema":{}}\n{"id":0}\n{"id":1}\n{"truncated":false,"rows":2}\n';
  expect(await answer.text()).toBe(text);
  const id = jobIdOf(answer);
  await rest.untilState(id, SUCCEEDED);
  expect(await rest.job(id)).toMatchObject({
    ...{ binary: "", entryPoint: "", context: "spark", sql: { statement: "RANGE 2" } },
    result: { mediaType: "application/x-ndjson", sizeBytes: BigInt(text.length) },
  });
  expect(await (await fetch(`${url}/v1/jobs/${id}/result`)).text()).toBe(text);
});

test("a query returns a JSON array on request, through any gateway", async () => {
  const answer = await ask("RANGE 1", { sql: { format: "JSON" }, at: otherUrl });
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.json()).toEqual([{ schema: {} }, { id: 0 }, { truncated: false, rows: 1 }]);
});

test("a query over gRPC returns its media type first and its job's id in a header", async () => {
  const client = createClient(JobService, createGrpcTransport({ baseUrl: url }));
  let id = "";
  const onHeader = (headers: Headers): void => {
    id = headers.get("hearth-job-id") ?? "";
  };
  const bodies = await Array.fromAsync(
    client.runSql({ context: "spark", sql: { statement: "PARAMETERS", parameters: { a: 1, b: null } } }, { onHeader }),
  );
  expect(bodies[0]?.contentType).toBe("application/x-ndjson");
  const text = Buffer.concat(bodies.map(({ data }) => data)).toString();
  expect(text.split("\n")[1]).toBe('{"a":1,"b":null}');
  expect((await rest.job(id)).sql?.statement).toBe("PARAMETERS");
});

test("rows arrive while the query runs, and cancelling its job cuts the response", async () => {
  const answer = await ask("BEGIN");
  const reader = (answer.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toContain('{"begun":true}');
  const id = jobIdOf(answer);
  expect((await rest.job(id)).state).toBe(RUNNING);
  expect((await rest.call("POST", `/v1/jobs/${id}:cancel`, {})).body).toMatchObject({ state: "CANCELLED" });
  await expect(reader.read()).rejects.toThrow();
});

test.for(["WAIT left", "BEGIN left"])(
  "a caller who leaves cancels its query, whether it has a result: %s",
  async (statement) => {
    const leaving = new AbortController();
    const asked = ask(statement, { signal: leaving.signal, at: otherUrl }).then((answer) => answer.text());
    const left = expect(asked).rejects.toThrow();
    const id = await jobOf(statement);
    // A client that has closed its half of the connection may wait for the response.
    await delay(1100);
    leaving.abort();
    await left;
    await rest.untilState(id, CANCELLED);
  },
);

test("a query is cancelled when its caller's deadline passes", async () => {
  const client = createClient(JobService, createGrpcTransport({ baseUrl: url }));
  const answer = Array.fromAsync(
    client.runSql({ context: "spark", sql: { statement: "WAIT deadline" } }, { timeoutMs: 1000 }),
  );
  const late = expect(answer).rejects.toThrow("deadline_exceeded");
  const id = await jobOf("WAIT deadline");
  await late;
  await rest.untilState(id, CANCELLED);
});

test.for([
  ["SELEC 1", 400, "InvalidArgument", 'ParseException: Syntax error at "SELEC"'],
  ["THROW java.lang.ArithmeticException", 400, "FailedPrecondition", "ArithmeticException: as the statement says"],
] as const)("a query that fails before its result is an error of the call: %s", async ([statement, status, , text]) => {
  const answer = await ask(statement);
  const id = jobIdOf(answer);
  const { message, ...rest_ } = await errorOf(answer);
  expect([rest_.status, message]).toEqual([status, expect.stringContaining(text)]);
  expect(await rest.job(id)).toMatchObject({ state: FAILED, error: { reason: JobError_Reason.THROWN } });
});

test("a query that fails after its first row is cut off", async () => {
  const answer = await ask("BREAK now");
  expect(answer.status).toBe(200);
  const reader = (answer.body ?? new ReadableStream()).getReader();
  await reader.read();
  await rest.call("PUT", "/v1/data/now", "x");
  await expect(reader.read()).rejects.toThrow();
  await rest.untilState(jobIdOf(answer), FAILED);
});

test("a query that takes longer than its timeout is a 504", async () => {
  const answer = await ask("WAIT", { timeout: "0.2s" });
  expect(answer.status).toBe(504);
  await rest.untilState(jobIdOf(answer), FAILED);
});

test("a query that is cancelled before its result begins is a 409", async () => {
  const asked = ask("WAIT cancel");
  await rest.call("POST", `/v1/jobs/${await jobOf("WAIT cancel")}:cancel`, {});
  expect((await asked).status).toBe(409);
});

test("a statement without rows returns an empty body", async () => {
  const answer = await ask("NOTHING");
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
});

test("an invalid query is refused before anything is stored", async () => {
  const wrong: [Promise<Response>, string][] = [
    [ask("RANGE 1", { context: "deno" }), 'Cannot run the query in context "deno": it needs the runtime SPARK'],
    [ask("RANGE 1", { sql: { parameters: { ok: 1, list: [1] } } }), 'parameter "list" of the query: it is a list'],
    [ask("RANGE 1", { sql: { parameters: { text: "x".repeat(1_048_576) } } }), "at most 1048576 are taken"],
    [ask(""), "statement"],
  ];
  for (const [asked, text] of wrong) {
    const answer = await asked;
    expect([answer.status, jobIdOf(answer)]).toEqual([400, ""]);
    expect((await errorOf(answer)).message).toContain(text);
  }
  expect((await ask("RANGE 1", { context: "none" })).status).toBe(404);
});

test("a query may be submitted as a job, and lists truncate its statement", async () => {
  const statement = `RANGE 3 ${" ".repeat(2000)}`;
  const { id } = await rest.submit({ context: "spark", sql: { statement, parameters: { a: 1 } } });
  await rest.untilState(id, SUCCEEDED);
  expect((await rest.job(id)).sql).toMatchObject({ statement, parameters: { a: 1 } });
  const { body } = await rest.call("GET", "/v1/jobs?pageSize=1");
  expect(body).toMatchObject({ jobs: [{ id, sql: { statement: `${statement.slice(0, 1000)} …` } }] });
  expect(JSON.stringify(body)).not.toContain("parameters");
});
