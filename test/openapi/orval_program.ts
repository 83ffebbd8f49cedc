/** Uses the client that orval makes of the OpenAPI document, and prints what came of it. Stands beside that client when it is checked and run. */
import {
  binaryServiceUploadBinary,
  contextServiceCreateContext,
  contextServiceStopContext,
  dataServiceUploadFile,
  jobServiceGetJob,
  jobServiceGetJobResult,
  jobServiceListJobs,
  jobServiceRunJob2,
} from "./client";
import { ConnectErrorCode, HearthV1JobState } from "./model";

const program = new Blob(["export const echo = { run: ({ config }: { config: unknown }) => config };"]);
const uploaded = await binaryServiceUploadBinary("orval", program);
if (uploaded.status !== 200) throw new Error(uploaded.data.message);

const settings = { maxJobsPerContext: 2, memoryBytes: String(256 * 1024 ** 2), idleTimeout: "600s", env: { A: "b" } };
const context = await contextServiceCreateContext({ name: "orval", settings });
if (context.status !== 200) throw new Error(context.data.message);

const config = { text: "to be", nested: { list: [1, { deeper: true }] } };
const run = await jobServiceRunJob2("orval", { binary: "orval", config }, { waitTimeout: "60s" });
if (run.status !== 200) throw new Error(run.data.message);
const id = run.data.job?.id ?? "";

const result = await jobServiceGetJobResult(id);
const list = await jobServiceListJobs({ states: [HearthV1JobState.SUCCEEDED], binary: "orval", pageSize: 5 });
if (list.status !== 200) throw new Error(list.data.message);
const file = await dataServiceUploadFile("folder/orval.txt", new Blob(["text"]));
if (file.status !== 200) throw new Error(file.data.message);
const missing = await jobServiceGetJob("00000000-0000-4000-8000-000000000000");
if (missing.status === 200) throw new Error("There is such a job");
const stopped = await contextServiceStopContext("orval", { force: true });
if (stopped.status !== 200) throw new Error(stopped.data.message);

console.log(
  JSON.stringify({
    uploaded: uploaded.data.version,
    context: context.data.settings?.memoryBytes,
    ran: run.data.result,
    result: result.data instanceof Blob ? JSON.parse(await result.data.text()) : undefined,
    listed: list.data.jobs?.map((job) => job.state),
    file: file.data.name,
    error: [missing.data.code === ConnectErrorCode.not_found, missing.data.details?.[0]?.debug?.reason],
    stopped: stopped.data.state,
  }),
);
