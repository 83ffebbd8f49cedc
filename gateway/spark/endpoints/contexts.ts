import { isObject, type JsonObject, valueAt, withFallback } from "../../../lib/hocon/mod.ts";
import {
  type Context,
  Context_State,
  type ContextSettings,
  CreateContextRequestSchema,
  RestartContextRequestSchema,
  Runtime,
} from "../../../proto/mod.ts";
import { createContext, createPredefined, restartContext, stopAllContexts, stopContext } from "../../contexts/mod.ts";
import { completeAsked, runtimeOfNew } from "../context_settings.ts";
import { checked, checkGrants, type SparkDeps } from "../deps.ts";
import { exceptionOf, malformedUrl } from "../error.ts";
import { type Answer, exception, failure, json, Rejection, success } from "../http/answer.ts";
import { readFlag, requireReboot } from "../http/query.ts";
import type { SparkRequest } from "../http/request.ts";
import type { Explanations } from "../http/route.ts";
import { askedByCaller, asProxyUser, keptName, ownNames } from "../own_contexts.ts";
import { readPages } from "../pages.ts";
import { expandPaths } from "../paths.ts";
import { parseContextSettings } from "../settings.ts";
import { contextStatus } from "../view/states.ts";
import { utcTime } from "../view/times.ts";
import { parseClassPath } from "./class_path.ts";
import { parseBody } from "./config_body.ts";
import { settledIn } from "./timeout.ts";

/** Margin for a response before the client gives up, in milliseconds. */
const DELETION_MARGIN_MS = 2000;

/** Parameters of the request rather than of the context. */
const NO_SETTINGS = new Set(["_method", "force"]);

const LISTED_STATES = [Context_State.RUNNING, Context_State.RESTARTING, Context_State.STOPPING];

/** `GET /contexts` */
export async function listContexts({ core, authorization }: SparkDeps, request: SparkRequest): Promise<Answer> {
  const contexts = readPages((limit, last?: Context) =>
    core.dao.contexts.list({ states: LISTED_STATES }, { limit, before: last?.id }),
  );
  const names = await Array.fromAsync(contexts, ({ name }) => name);
  const covered = names.filter((context) => authorization.covers({ context }));
  return json(200, ownNames(request, covered));
}

/** `GET /contexts/<name>` */
export async function getContext({ core }: SparkDeps, request: SparkRequest): Promise<Answer> {
  const { name = "" } = request.path;
  const context = await core.contexts.find(keptName(request, name));
  if (context === undefined) return failure(404, `can't find context with name ${name}`);
  return json(200, {
    name: ownNames(request, [context.name])[0] ?? context.name,
    startTime: utcTime(context.startTime ?? context.createTime),
    state: contextStatus(context),
    url: context.uiUrl || undefined,
    applicationId: context.applicationId || undefined,
    endTime: context.endTime === undefined ? "Empty" : utcTime(context.endTime),
    id: context.id,
  });
}

/** `POST /contexts/<name>` */
export async function postContext(deps: SparkDeps, request: SparkRequest): Promise<Answer> {
  const { path, signal } = request;
  const wanted = path.name ?? "";
  if (!/^[A-Za-z]/.test(wanted)) return failure(400, "context name must start with letters");
  const asked = askedSettings(request);
  const runtime = await runtimeOfNew(deps, asked);
  const settings = settingsOf(deps, request, { asked, runtime });
  const { name } = checked(deps, CreateContextRequestSchema, { name: keptName(request, wanted), settings });
  const byCaller = askedByCaller(request, asked);
  await checkGrants(deps, name, parseContextSettings(byCaller, runtime ?? deps.core.defaultRuntime));
  await createContext(deps.core, { name, settings }, { signal });
  return success("Context initialized");
}

/** Responses of `POST /contexts/<name>` when no context was created, by reason. */
export const POST_CONTEXT_EXPLANATIONS: Explanations = {
  CONTEXT_EXISTS: (_, { path }) => failure(400, `context ${path.name} exists`),
  PROGRAM_URI_INVALID: (error) => exception(400, "CONTEXT INIT ERROR: Malformed URL", malformedUrl(error)),
  PROGRAM_NOT_LOADED: (error) => exception(400, "CONTEXT INIT ERROR", exceptionOf(error)),
  CONTEXT_NOT_STARTED: (error) => exception(500, "CONTEXT INIT ERROR", exceptionOf(error)),
  NO_NODE: (error) => exception(500, "CONTEXT INIT ERROR", exceptionOf(error)),
  NO_ROOM: (error) => exception(500, "CONTEXT INIT ERROR", exceptionOf(error)),
};

/** `DELETE /contexts/<name>` */
export async function removeContext({ core, config }: SparkDeps, request: SparkRequest): Promise<Answer> {
  const { path, query, target, signal } = request;
  const force = readFlag(query, "force", { fallback: false });
  const stopped = stopContext(core, { context: keptName(request, path.name ?? ""), force, signal });
  const patienceMs = Math.max(config.contextDeletionTimeoutMs - DELETION_MARGIN_MS, 0);
  const isStopped = await settledIn(stopped, patienceMs);
  return isStopped ? success("Context stopped") : { status: 202, headers: { location: target }, body: "" };
}

/** Response of `DELETE /contexts/<name>` when there is no such context. */
export const REMOVE_CONTEXT_EXPLANATIONS: Explanations = {
  CONTEXT_NOT_FOUND: (_, { path }) => failure(404, `context ${path.name} not found`),
  NODE_UNREACHABLE: (_, { path }) => failure(404, `context ${path.name} not found`),
};

/** `POST /contexts/<name>/restart`, an addition to spark-jobserver's API. Without settings the context keeps its own. */
export async function restart(deps: SparkDeps, request: SparkRequest): Promise<Answer> {
  const { path, query, signal } = request;
  const force = readFlag(query, "force", { fallback: false });
  const asked = askedSettings(request);
  const name = keptName(request, path.name ?? "");
  const before = (await deps.core.contexts.find(name))?.settings;
  const runtime = before?.runtime || Runtime.DENO;
  const settings = Object.keys(asked).length === 0 ? undefined : settingsOf(deps, request, { asked, runtime });
  const { context } = checked(deps, RestartContextRequestSchema, { context: name, ...(settings && { settings }) });
  await checkGrants(deps, context, parseContextSettings(askedByCaller(request, asked), runtime));
  await restartContext(deps.core, { context, settings, force, signal });
  return success("Context restarted");
}

/** Responses of `POST /contexts/<name>/restart` when the context was not restarted, by reason. */
export const RESTART_EXPLANATIONS: Explanations = {
  ...REMOVE_CONTEXT_EXPLANATIONS,
  CONTEXT_NOT_RUNNING: ({ metadata }, { path }) => failure(409, `context ${path.name} is ${metadata.state}`),
  CONTEXT_NOT_RESTARTED: ({ message }) => failure(409, message),
};

/** `PUT /contexts?reset=reboot` */
export async function resetContexts({ core, predefined }: SparkDeps, request: SparkRequest): Promise<Answer> {
  const { query, signal } = request;
  requireReboot(query);
  if (readFlag(query, "sync", { fallback: true })) {
    await stopAllContexts(core, { signal });
    await createPredefined(core, predefined, { signal });
    return success("Context reset");
  }
  stopAllContexts(core, { signal: core.closing }).catch((error) =>
    core.log.error({ err: error }, "could not stop the contexts"),
  );
  return success("Context reset requested");
}

/** Reads the settings of a context from the body of a request, then from its query. */
function askedSettings(request: SparkRequest): JsonObject {
  const posted = valueAt(parseBody(request), ["spark", "context-settings"]);
  return withFallback(isObject(posted) ? posted : {}, settingsInQuery(request.query));
}

interface Asked {
  readonly asked: JsonObject;
  /** Runtime of a context that exists. */
  readonly runtime: Runtime | undefined;
}

function settingsOf(deps: SparkDeps, request: SparkRequest, { asked, runtime }: Asked): ContextSettings {
  const own = asProxyUser(request, asked);
  parseClassPath("dependent-jar-uris", own["dependent-jar-uris"]);
  return completeAsked(deps, own, { runtime });
}

function settingsInQuery(query: URLSearchParams): JsonObject {
  const entries = [...query].filter(([key]) => !NO_SETTINGS.has(key));
  const deep = entries.find(([key]) => key.split(".").length > 50);
  if (deep !== undefined) throw new Rejection(failure(400, `Cannot parse config: key nested too deep: ${deep[0]}`));
  return expandPaths(entries);
}
