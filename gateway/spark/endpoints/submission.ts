import { create } from "@bufbuild/protobuf";
import { isObject, type JsonObject, valueAt, withFallback } from "../../../lib/hocon/mod.ts";
import {
  type JobSpec,
  JobSpec_CallbackFormat,
  JobSpecSchema,
  Runtime,
  SubmitJobRequestSchema,
} from "../../../proto/mod.ts";
import { PROXY_USER } from "../../contexts/mod.ts";
import { completeAsked } from "../context_settings.ts";
import { checked, checkGrants, type SparkDeps } from "../deps.ts";
import { exception, failure, Rejection } from "../http/answer.ts";
import { readFlag } from "../http/query.ts";
import type { SparkRequest } from "../http/request.ts";
import { askedByCaller, asProxyUser, keptName } from "../own_contexts.ts";
import { expandPaths } from "../paths.ts";
import type { Place } from "../programs/mod.ts";
import { parseContextSettings } from "../settings.ts";
import { findAll, findProgram, hasMainClass, isJar, parseClassPath } from "./class_path.ts";
import { cannotParse, parseBody } from "./config_body.ts";

/** Setting with further places to search for the main class. */
const DEPENDENT = "dependent-jar-uris";

/** Reads a `POST /jobs`. Throws the response when the job cannot be run. */
export async function readSubmission(deps: SparkDeps, request: SparkRequest): Promise<JobSpec> {
  const { query } = request;
  const { jobConfig } = deps.core;
  const config = parseBody(request, jobConfig);
  const program = readProgram(query, config);
  const callbackUrl = readCallbackUrl(query);
  const context = keptName(request, query.get("context") ?? "");
  const asked =
    context === "" ? asProxyUser(request, readSettings(request, withFallback(config, jobConfig))) : undefined;
  const dependent = asked && parseClassPath(DEPENDENT, asked[DEPENDENT]);
  const { binary, classPath, runtime } = await chooseProgram(deps, program, { dependent, request, context });
  const job = create(JobSpecSchema, {
    binary,
    classPath: [...classPath],
    entryPoint: program.mainClass,
    context,
    config,
    contextSettings: asked && completeAsked(deps, asked, { runtime }),
    noQueue: !readFlag(query, "queue", { fallback: false }),
    callbackUrl,
    callbackFormat: JobSpec_CallbackFormat.SPARK_JOBSERVER,
  });
  checked(deps, SubmitJobRequestSchema, { job });
  if (asked !== undefined) {
    const byCaller = askedByCaller(request, readSettings(request, config));
    await checkGrants(deps, context, parseContextSettings(byCaller, runtime));
  }
  return job;
}

/** The program, in either of the two notations. */
interface Program {
  /** Places to search for the main class. */
  readonly classPath: readonly Place[];
  readonly mainClass: string;
}

function readProgram(query: URLSearchParams, config: JsonObject): Program {
  const appName = query.get("appName");
  if (appName !== null) {
    const mainClass = query.get("classPath");
    if (mainClass === null) throw cannotParse("classPath parameter is missing!");
    const dependent = parseClassPath(DEPENDENT, config[DEPENDENT]);
    return { classPath: [...dependent, { type: "binary", name: appName }], mainClass };
  }
  const cp = query.get("cp") ?? config.cp;
  if (cp === undefined) throw cannotParse("To start the job appName or cp parameters should be configured!");
  const mainClass = query.get("mainClass") ?? config.mainClass;
  if (typeof mainClass !== "string") throw cannotParse("mainClass parameter is missing!");
  return { classPath: parseClassPath("cp", cp), mainClass };
}

interface Asking {
  /** Further places from the settings of the context that is created for the job. Undefined when the context exists. */
  readonly dependent: readonly Place[] | undefined;
  readonly context: string;
  readonly request: SparkRequest;
}

/** References to the programs of a job. */
interface Chosen {
  readonly binary: string;
  /** Further jars, in the order of the class path. */
  readonly classPath: readonly string[];
  readonly runtime: Runtime;
}

/** Finds the program with the main class on the class path of the job, else of its context. A job of a jar needs all jars, those of the context
 * first. */
async function chooseProgram(
  deps: SparkDeps,
  program: Program,
  { dependent, context, request }: Asking,
): Promise<Chosen> {
  const { classPath, mainClass } = program;
  const wanted = { mainClass, context, signal: request.signal };
  const ofContext = dependent ?? (await classPathOf(deps, context));
  const found = (await findProgram(deps, classPath, wanted)) ?? (await findProgram(deps, ofContext, wanted));
  if (found === undefined) throw new Rejection(failure(404, `classPath ${mainClass} not found`));
  if (!isJar(found)) return { binary: found.reference, classPath: [], runtime: Runtime.DENO };
  const all = await findAll(deps, [...ofContext, ...classPath], wanted);
  // A class that no jar lists as a job may still be one: Spark's driver decides.
  const main = all.find((each) => hasMainClass(each, wanted)) ?? all.findLast(isJar) ?? found;
  const others = all.filter((each) => each !== main).map(({ reference }) => reference);
  return { binary: main.reference, classPath: others, runtime: Runtime.SPARK };
}

/** Class path of an existing context. Empty when there is no such context, which fails later. */
async function classPathOf({ core }: SparkDeps, context: string): Promise<readonly Place[]> {
  const { settings } = (await core.contexts.find(context)) ?? {};
  return parseClassPath(DEPENDENT, settings?.settings?.[DEPENDENT]);
}

function readCallbackUrl(query: URLSearchParams): string {
  const url = query.get("callbackUrl");
  if (url === null) return "";
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  const message = "Callback Url has to be 'http'/'https'";
  const errorClass = "java.lang.IllegalArgumentException";
  throw new Rejection(exception(500, "ERROR", { message, errorClass, stack: `${errorClass}: ${message}` }));
}

/** Reads the settings of the context that is created for a job from its config, then from its parameters. */
function readSettings(request: SparkRequest, config: JsonObject): JsonObject {
  const inConfig = valueAt(config, ["spark", "context-settings"]);
  const user = request.query.get(PROXY_USER);
  const inQuery = user === null ? {} : expandPaths([[PROXY_USER, user]]);
  return withFallback(isObject(inConfig) ? inConfig : {}, inQuery);
}
