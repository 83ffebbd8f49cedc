import { create } from "@bufbuild/protobuf";
import { type JobSpec, JobSpec_CallbackFormat, JobSpecSchema, SubmitJobRequestSchema } from "../../../proto/mod.ts";
import { findBinary, findEntryPoint } from "../../binaries/mod.ts";
import { checked, type SparkDeps } from "../deps.ts";
import { isObject, type JsonObject, type JsonValue, valueAt, withFallback } from "../hocon/mod.ts";
import { exception, failure, Rejection } from "../http/answer.ts";
import { readFlag } from "../http/query.ts";
import type { SparkRequest } from "../http/request.ts";
import { expandPaths } from "../paths.ts";
import { parseContextSettings } from "../settings.ts";
import { binaryNames, parseClassPath } from "./class_path.ts";
import { cannotParse, parseBody } from "./config_body.ts";

const MALFORMED_URL = "JOB LOADING FAILED: Malformed URL";

/** Reads what `POST /jobs` asks for. Throws the answer when that cannot be run. */
export async function readSubmission(deps: SparkDeps, request: SparkRequest): Promise<JobSpec> {
  const { query } = request;
  const { contextSettings } = deps.config;
  const { jobConfig } = deps.core;
  const config = parseBody(request, jobConfig);
  const program = readProgram(query, config);
  const callbackUrl = readCallbackUrl(query);
  const context = query.get("context") ?? "";
  for (const binary of program.classPath) await deps.guard.allow({ context, binary });
  const binary = await findProgram(deps, program);
  const settings = context === "" ? readSettings(query, withFallback(config, jobConfig), contextSettings) : undefined;
  const job = create(JobSpecSchema, {
    binary,
    entryPoint: program.mainClass,
    context,
    config,
    contextSettings: settings,
    noQueue: !readFlag(query, "queue", { fallback: false }),
    callbackUrl,
    callbackFormat: JobSpec_CallbackFormat.SPARK_JOBSERVER,
  });
  checked(deps, SubmitJobRequestSchema, { job });
  return job;
}

/** What is to be run, in one of the two ways to say it. */
interface Program {
  /** Names of binaries, in which the main class is looked for in order. */
  readonly classPath: readonly string[];
  readonly mainClass: string;
  /** `appName` and `classPath`, as spark-jobserver had it first. */
  readonly isLegacy: boolean;
}

function readProgram(query: URLSearchParams, config: JsonObject): Program {
  const appName = query.get("appName");
  if (appName !== null) {
    const mainClass = query.get("classPath");
    if (mainClass === null) throw cannotParse("classPath parameter is missing!");
    const dependent = parseClassPath("dependent-jar-uris", config["dependent-jar-uris"]);
    return { classPath: [...binaryNames(dependent, MALFORMED_URL), appName], mainClass, isLegacy: true };
  }
  const cp = query.get("cp") ?? config.cp;
  if (cp === undefined) throw cannotParse("To start the job appName or cp parameters should be configured!");
  const mainClass = query.get("mainClass") ?? config.mainClass;
  if (typeof mainClass !== "string") throw cannotParse("mainClass parameter is missing!");
  const classPath = binaryNames(parseClassPath("cp", cp), MALFORMED_URL);
  if (classPath.length > 0) return { classPath, mainClass, isLegacy: false };
  throw new Rejection(exception(400, "JOB LOADING FAILED", nothingToLoad(cp)));
}

function nothingToLoad(cp: JsonValue) {
  const message = `cp names no uploaded binary: ${JSON.stringify(cp)}; upload the program to /binaries/<name> and name it`;
  return { message, errorClass: "JobLoadingException", stack: `JobLoadingException: ${message}` };
}

/** The binary of the class path that has the main class. */
async function findProgram({ core }: SparkDeps, { classPath, mainClass, isLegacy }: Program): Promise<string> {
  const binaries = await Promise.all(classPath.map((name) => findBinary(core, name)));
  const index = binaries.findIndex((binary) => findEntryPoint(binary, mainClass) !== undefined);
  const found = classPath[index];
  if (found !== undefined) return found;
  // Clients of the first way have always been told an empty name.
  throw new Rejection(failure(404, `classPath ${isLegacy ? "" : mainClass} not found`));
}

function readCallbackUrl(query: URLSearchParams): string {
  const url = query.get("callbackUrl");
  if (url === null) return "";
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  const message = "Callback Url has to be 'http'/'https'";
  const errorClass = "java.lang.IllegalArgumentException";
  throw new Rejection(exception(500, "ERROR", { message, errorClass, stack: `${errorClass}: ${message}` }));
}

/** The settings of the context that is made for a job: of its config, then its parameters, then the server's. */
function readSettings(query: URLSearchParams, config: JsonObject, fallback: JsonObject) {
  const inConfig = valueAt(config, ["spark", "context-settings"]);
  const user = query.get("spark.proxy.user");
  const inQuery = user === null ? {} : expandPaths([["spark.proxy.user", user]]);
  const asked = withFallback(isObject(inConfig) ? inConfig : {}, inQuery);
  return parseContextSettings(withFallback(asked, fallback));
}
