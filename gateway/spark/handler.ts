import { createAddressRule } from "../../cluster/mod.ts";
import { deadline } from "../../lib/async/mod.ts";
import { HoconError } from "../../lib/hocon/mod.ts";
import { accepts, type HttpRequest, type HttpResponse, isOver } from "../../lib/transcode/mod.ts";
import { type AccessControl, type Authorization, type Caller, OPEN } from "../access/mod.ts";
import type { Limits } from "../limits.ts";
import type { SparkDeps } from "./deps.ts";
import { TIMED_OUT } from "./endpoints/timeout.ts";
import { answerApiError, answerBug, parseApiError } from "./error.ts";
import { type Answer, failure, Rejection, text } from "./http/answer.ts";
import { answerPreflight, corsHeaders } from "./http/cors.ts";
import { readBody, type SparkRequest, splitPath, splitTarget } from "./http/request.ts";
import { type Match, METHODS, matchRoute } from "./http/route.ts";
import { sendAnswer } from "./http/send.ts";
import { Measurements } from "./metrics/mod.ts";
import { isSparkPath, ROUTES, type SparkRoute, TIMERS } from "./routes.ts";
import { SettingError } from "./settings.ts";

export interface SparkHandlerOptions extends Omit<SparkDeps, "measurements" | "source" | "authorization"> {
  /** Absent: all callers may do everything. */
  readonly accessControl: AccessControl | undefined;
  /** Largest bodies of uploads and of other requests, in bytes. */
  readonly limits: Pick<Limits, "uploadBytes" | "messageBytes">;
}

/** Serves a request of spark-jobserver's API. Resolves to false for any other request, without reading or writing. Rejects when the
 * response breaks off. */
export type SparkHandler = (request: HttpRequest, response: HttpResponse) => Promise<boolean>;

/** One request and its response. */
interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Aborted when the client disconnects or the time limit passes. */
  readonly leaving: AbortController;
  /** Whether the client has disconnected. The stream is closed before an event says so. */
  hasLeft(): boolean;
}

type FaceParts = SparkHandlerOptions & Omit<SparkDeps, "authorization">;

const JSON_TYPE = "application/json";

const NOT_FOUND = "The requested resource could not be found.";

export function createSparkHandler(parts: SparkHandlerOptions): SparkHandler {
  const { folders, allow } = parts.config.programs;
  const source = { folders, isAllowed: createAddressRule(allow), limitBytes: parts.limits.uploadBytes };
  const options = { ...parts, source, measurements: new Measurements(TIMERS) };
  return async (request, response) => {
    const { path, query } = splitTarget(request.url ?? "");
    if (!isSparkPath(path)) return false;
    const leaving = new AbortController();
    const leave = (): void => leaving.abort(new Error("The client left"));
    for (const event of ["close", "error"]) response.on(event, leave);
    // The client may have disconnected while the caller was authenticated.
    if (isOver(response)) leave();
    const hasLeft = (): boolean => leaving.signal.aborted || isOver(response);
    const exchange = { request, response, path, query: new URLSearchParams(query), leaving, hasLeft };
    const answer = await answerRequest(options, exchange);
    if (answer.status >= 500) options.measurements.serverErrors.add();
    for (const [name, value] of corsHeaders(header(request, "origin"))) response.appendHeader(name, value);
    await sendAnswer(response, answer, { request });
    return true;
  };
}

/** The one place where an error becomes a response. */
async function answerRequest(options: FaceParts, exchange: Exchange): Promise<Answer> {
  const found = findRoute(exchange);
  if (!("route" in found)) return found;
  const { route, path } = found;
  const { request, query, leaving } = exchange;
  if (isUnacceptable(route, request)) {
    return text(406, `Resource representation is only available with these types:\n${JSON_TYPE}`);
  }
  const { url: target = "", headers } = request;
  let sparkRequest: SparkRequest = {
    ...{ target, path, query, contentType: headers["content-type"] },
    ...{ signal: leaving.signal, body: new Uint8Array(), owner: undefined, answeredByMs: 0 },
  };
  using _ = options.measurements.measure(route);
  try {
    const caller = await identify(options, route, request);
    const body = await readBodyOf(options, route, exchange);
    const { requestTimeoutMs: timeoutMs, useAsProxyUser } = options.config;
    const owner = useAsProxyUser ? caller?.principal.id : undefined;
    sparkRequest = { ...sparkRequest, body, owner, answeredByMs: performance.now() + timeoutMs };
    return await inTime(serve(options, { route, caller, request: sparkRequest }), { timeoutMs, leaving });
  } catch (error) {
    if (error instanceof Rejection) return error.answer;
    if (error instanceof HoconError || error instanceof SettingError) {
      return failure(400, `Cannot parse config: ${error.message}`);
    }
    const known = parseApiError(error);
    if (known !== undefined) return route.explain?.[known.reason]?.(known, sparkRequest) ?? answerApiError(known);
    if (!exchange.hasLeft()) options.core.log.error({ route: route.path, err: error }, "internal error");
    return answerBug();
  }
}

/** Whether a client accepts no JSON. Public routes have media types of their own and ignore `Accept`, for the sake of monitors. */
function isUnacceptable({ permission }: SparkRoute, { headers }: HttpRequest): boolean {
  return permission !== undefined && !accepts(headers.accept, JSON_TYPE);
}

/** Authenticates the caller before the body is read. Undefined where the route is public. Rejects when authentication fails. */
async function identify(
  { accessControl }: FaceParts,
  route: SparkRoute,
  request: HttpRequest,
): Promise<Caller | undefined> {
  return route.permission === undefined ? undefined : accessControl?.identify(request, nameOf(route));
}

/** Reads the body. Public routes read none: an anonymous client could fill the memory. */
async function readBodyOf(
  { limits }: FaceParts,
  { permission }: SparkRoute,
  { request, response }: Exchange,
): Promise<Uint8Array> {
  if (permission === undefined) return new Uint8Array();
  const limitBytes = permission.endsWith(":upload") ? limits.uploadBytes : limits.messageBytes;
  return readBody(request, response, { limitBytes });
}

interface Entering {
  readonly route: SparkRoute;
  readonly caller: Caller | undefined;
  readonly request: SparkRequest;
}

/** Serves a request if its caller is authorized. */
async function serve(options: FaceParts, { route, caller, request }: Entering): Promise<Answer> {
  const { permission, named } = route;
  const serveGuarded = async (authorization: Authorization) => route.serve({ ...options, authorization }, request);
  if (options.accessControl === undefined || permission === undefined || caller === undefined)
    return serveGuarded(OPEN);
  const action = { name: nameOf(route), permission, named: named?.(request) ?? {} };
  return options.accessControl.run(caller, action, serveGuarded);
}

/** Name of the action in the audit log. */
function nameOf({ method, path }: SparkRoute): string {
  return `${method} ${path}`;
}

/** Finds the route of a request, or the response when there is none or the request is a preflight. */
function findRoute({ request, path, query }: Exchange): Match<SparkDeps> | Answer {
  const method = methodOf(request, query);
  const preflight = method === "OPTIONS" ? answerPreflight(preflightOf(request)) : undefined;
  if (preflight !== undefined) return preflight;
  const segments = splitPath(path);
  if (segments === undefined) return text(400, "Illegal request-target: its percent-encoding is malformed");
  const matched = matchRoute(ROUTES, method, segments);
  if ("route" in matched) return matched;
  if (matched.allowed.length === 0) return text(404, NOT_FOUND);
  const allowed = matched.allowed.join(", ");
  return text(405, `HTTP method not allowed, supported methods: ${allowed}`, { allow: allowed });
}

/** HEAD is GET without the body; `_method` overrides the method of the request. */
function methodOf({ method = "" }: HttpRequest, query: URLSearchParams): string {
  const wanted = query.get("_method")?.toUpperCase() ?? "";
  if (METHODS.some((known) => known === wanted)) return wanted;
  return method === "HEAD" ? "GET" : method;
}

/** Waits for a response until the time limit of all requests. */
async function inTime(
  answer: Promise<Answer> | Answer,
  { timeoutMs, leaving }: { readonly timeoutMs: number; readonly leaving: AbortController },
): Promise<Answer> {
  return deadline(Promise.resolve(answer), timeoutMs, () => {
    leaving.abort(new Error("The request took too long"));
    return failure(500, TIMED_OUT);
  });
}

function preflightOf(request: HttpRequest) {
  return {
    origin: header(request, "origin"),
    requestMethod: header(request, "access-control-request-method"),
    requestHeaders: header(request, "access-control-request-headers"),
  };
}

function header({ headers }: HttpRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
