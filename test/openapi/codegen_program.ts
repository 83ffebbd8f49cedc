/** Uses the client that openapi-typescript-codegen makes of the OpenAPI document, and prints what came of it. Stands beside that client when it is checked and run. */
import {
  ApiError,
  BinaryServiceService as Binaries,
  ContextServiceService as Contexts,
  type connect_Error,
  DataServiceService as Data,
  hearth_v1_Job_State,
  JobServiceService as Jobs,
  OpenAPI,
} from "./index";

OpenAPI.BASE = BASE_URL;

const program = new Blob(["export const echo = { run: ({ config }: { config: unknown }) => config };"]);
const uploaded = await Binaries.binaryServiceUploadBinary("codegen", program);
const settings = { maxJobsPerContext: 2, memoryBytes: String(256 * 1024 ** 2), idleTimeout: "600s", env: { A: "b" } };
const context = await Contexts.contextServiceCreateContext({ name: "codegen", settings });
const config = { text: "to be", nested: { list: [1, { deeper: true }] } };
const run = await Jobs.jobServiceRunJob2("codegen", { binary: "codegen", config }, undefined, "60s");
const id = run.job?.id ?? "";
const result: unknown = await Jobs.jobServiceGetJobResult(id);
const list = await Jobs.jobServiceListJobs(5, undefined, [hearth_v1_Job_State.SUCCEEDED], undefined, "codegen");
const file = await Data.dataServiceUploadFile("folder/codegen.txt", new Blob(["text"]));
const error = await missing();
const stopped = await Contexts.contextServiceStopContext("codegen", { force: true });

console.log(
  JSON.stringify({
    uploaded: uploaded.version,
    context: context.settings?.memoryBytes,
    ran: run.result,
    result,
    listed: list.jobs?.map((job) => job.state),
    file: file.name,
    error: [error.code === "not_found", error.details?.[0]?.debug?.["reason"]],
    stopped: stopped.state,
  }),
);

async function missing(): Promise<connect_Error> {
  try {
    await Jobs.jobServiceGetJob("00000000-0000-4000-8000-000000000000");
  } catch (thrown) {
    if (thrown instanceof ApiError) return thrown.body;
    throw thrown;
  }
  throw new Error("There is such a job");
}

declare const BASE_URL: string;
