import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRest } from "../../http/rest.ts";
import { type Hearth, startHearth } from "../../system/hearth.ts";
import { until } from "../../until.ts";
import { type Received, type Sent, send } from "./client.ts";
import { PROGRAM } from "./programs.ts";

let hearth: Hearth;

beforeAll(async () => {
  const gateway = { allowedOrigins: "*", spark: { contextDeletionTimeoutMs: 2300 } };
  hearth = await startHearth({ config: { gateway } });
  await createRest(hearth.url).upload("values", PROGRAM);
  await post("/contexts/shared");
});

afterAll(() => hearth?.[Symbol.asyncDispose]());

test("DELETE /jobs/<id> ends the synchronous caller of that job at once", async () => {
  const waiting = post("/jobs?appName=values&classPath=Slow&context=shared&sync=true&timeout=30");
  const jobId = await runningJob("shared");
  const killed = await call("DELETE", `/jobs/${jobId}`);
  const { status, text } = await waiting;
  expect(killed.text).toBe('{"status":"KILLED"}');
  expect({ status, body: JSON.parse(text) }).toEqual({
    status: 500,
    body: { status: "ERROR", result: `Job ${jobId} killed`, jobId },
  });
});

test("DELETE /jobs/<id> has freed the slot when it answers", async () => {
  await post("/contexts/single?max-jobs-per-context=1");
  await post("/jobs?appName=values&classPath=Stubborn&context=single");
  await call("DELETE", `/jobs/${await runningJob("single")}`);
  const { status } = await post("/jobs?appName=values&classPath=Null&context=single&sync=true");
  expect(status).toBe(200);
});

test("a job is known under its id from the moment that it is handed out", async () => {
  const ids = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const { text } = await post("/jobs?appName=values&classPath=Null&context=shared&queue=true");
      return JSON.parse(text).jobId as string;
    }),
  );
  const answers = await Promise.all(ids.map((id) => call("GET", `/jobs/${id}`)));
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 200));
});

test("DELETE /contexts/<name> answers 202 with the place to look when the context takes its time", async () => {
  await post("/contexts/lingering");
  const spec = { binary: "values", entryPoint: "Stubborn", context: "lingering", gracePeriod: "10s" };
  await createRest(hearth.url).submit(spec);
  await runningJob("lingering");
  const { status, headers, text } = await call("DELETE", "/contexts/lingering?why=not");
  const meanwhile = await post("/jobs?appName=values&classPath=Null&context=lingering");
  expect({ status, location: headers.location, text }).toEqual({
    status: 202,
    location: "/contexts/lingering?why=not",
    text: "",
  });
  const stopping = JSON.parse((await call("GET", "/contexts/lingering")).text);
  expect([stopping.state, stopping.endTime]).toEqual(["STOPPING", "Empty"]);
  expect({ status: meanwhile.status, text: meanwhile.text }).toEqual({
    status: 409,
    text: '{"status":"ERROR","result":"Context stop in progress"}',
  });
  await until("the context has stopped", async () => {
    const { text: state } = await call("GET", "/contexts/lingering");
    return JSON.parse(state).state === "FINISHED";
  });
});

test("a context with stop-context-on-job-error is gone after a job that failed", async () => {
  await post("/contexts/strict?stop-context-on-job-error=true");
  await post("/jobs?appName=values&classPath=ThrowsInValidate&context=strict&sync=true");
  await until("the context has stopped", async () => !(await call("GET", "/contexts")).text.includes("strict"));
});

test("the kill of a job leaves its context as it is", async () => {
  const before = await call("GET", "/contexts/shared");
  await post("/jobs?appName=values&classPath=Slow&context=shared");
  await call("DELETE", `/jobs/${await runningJob("shared")}`);
  expect((await call("GET", "/contexts/shared")).text).toBe(before.text);
});

test("a large result is answered in chunks, to who waits for it and to who asks later", async () => {
  const length = 3_000_000;
  const run = await post("/jobs?appName=values&classPath=Big&context=shared&sync=true", `length = ${length}`);
  const { jobId, result } = JSON.parse(run.text);
  const later = await call("GET", `/jobs/${jobId}`);
  const report = JSON.parse(later.text);
  expect([run, later].map(({ headers }) => headers["transfer-encoding"])).toEqual(["chunked", "chunked"]);
  expect([result.length, report.result.length]).toEqual([length, length]);
  expect(Object.keys(report)).toEqual([
    ...["duration", "classPath", "startTime", "context"],
    ...["result", "status", "jobId", "contextId"],
  ]);
});

test("GET /jobs lists more jobs than a page of the record has", async () => {
  const count = 520;
  const wanted = Array.from({ length: count });
  await Promise.all(
    wanted.map(() => post("/jobs?appName=values&classPath=Null&context=shared&sync=true&queue=true&timeout=60")),
  );
  const { text } = await call("GET", "/jobs?limit=1000000&status=finished");
  expect(JSON.parse(text).length).toBeGreaterThanOrEqual(count);
  expect(JSON.parse((await call("GET", "/jobs")).text)).toHaveLength(50);
});

test("HTTP/2 gets the same answers", async () => {
  const session = connectHttp2(hearth.url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/jobs?appName=values&classPath=Nested&context=shared&sync=true",
    origin: "https://page.example",
  });
  stream.end("a = 1");
  const [headers] = await once(stream, "response");
  const text = Buffer.concat(await Array.fromAsync(stream)).toString();
  session.close();
  expect(headers[":status"]).toBe(200);
  expect(headers["access-control-allow-origin"]).toBe("https://page.example");
  expect(JSON.parse(text).result).toEqual({ first: [1, 2, ["a", "b"]], second: { K: { one: 1 } } });
});

test("a client that leaves does not end its job", async () => {
  const leaving = new AbortController();
  const target = "/jobs?appName=values&classPath=AwaitsFile&context=shared&sync=true&timeout=30";
  const left = fetch(hearth.url + target, { method: "POST", body: "file = leave", signal: leaving.signal }).catch(
    (error: Error) => error.name,
  );
  const jobId = await runningJob("shared");
  leaving.abort();
  expect(await left).toBe("AbortError");
  await createRest(hearth.url).call("PUT", "/v1/data/leave", "now");
  await until("the job has finished", async () => (await call("GET", `/jobs/${jobId}`)).text.includes('"FINISHED"'));
});

function call(method: string, target: string, body?: Sent["body"]): Promise<Received> {
  return send(hearth.url, { method, target, body });
}

function post(target: string, body: Sent["body"] = ""): Promise<Received> {
  return call("POST", target, body);
}

/** The id of the job that runs in a context, once one does. */
async function runningJob(context: string): Promise<string> {
  let jobId: string | undefined;
  await until(`a job runs in ${context}`, async () => {
    // This API calls those running as well that are still on their way there.
    const { text } = await call("GET", `/v1/jobs?states=RUNNING&context=${context}`);
    const { jobs = [] }: { jobs?: { id: string }[] } = JSON.parse(text);
    jobId = jobs[0]?.id;
    return jobId !== undefined;
  });
  return jobId ?? "";
}
