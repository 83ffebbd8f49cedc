import type { RequestListener } from "node:http";
import { type DescService, isMessage, type Message } from "@bufbuild/protobuf";
import { type ConnectError, createContextValues } from "@connectrpc/connect";
import type { Logger } from "pino";
import { createTranscoder, type HttpRequest } from "../../lib/transcode/mod.ts";
import type { CredentialKind } from "../../plugins/contract/mod.ts";
import { hostInvalid, partRefused } from "../../proto/errors.ts";
import {
  JobEventSchema,
  LogLineSchema,
  MAX_NESTING,
  ServerReflection,
  ServerReflectionV1Alpha,
} from "../../proto/mod.ts";
import type { AccessControl } from "../access/mod.ts";
import { type Limits, MAX_VALUES } from "../limits.ts";
import {
  actionName,
  addRoutes,
  CALLER,
  type Invoke,
  maxBytes,
  type Readiness,
  type ServedService,
} from "../rpc/mod.ts";
import type { SparkHandler } from "../spark/mod.ts";
import { createRequestListener, type Serve } from "./exchanges/request_listener.ts";
import { createOpenApiPage, OPENAPI_PATH } from "./openapi/page.ts";
import { createAuthentication } from "./requests/authentication.ts";
import type { Cors } from "./requests/cors.ts";
import { hasValidHost } from "./requests/host_header.ts";
import type { OriginCheck } from "./requests/origins.ts";
import { findAmbiguity } from "./requests/singleton_headers.ts";
import { answerServerOptions, findTargetError, normalizeTarget } from "./requests/target.ts";
import { sendHttpError } from "./responses/error_responses.ts";
import { createReadinessPage } from "./responses/health_pages.ts";
import { sendNotFound } from "./responses/not_found.ts";
import { downloadHeaders, setSecurityHeaders } from "./responses/security_headers.ts";
import { reportDecodeErrors } from "./rpc/decode_errors.ts";
import { createRpc } from "./rpc/rpc.ts";
import { createPreconditionCheck } from "./rpc/rpc_preconditions.ts";

const REFLECTION = [ServerReflection, ServerReflectionV1Alpha];

interface Surfaces {
  readonly services: readonly ServedService[];
  readonly invoke: Invoke;
  readonly readiness: Readiness;
  readonly log: Logger;
  readonly limits: Limits;
  readonly spark: SparkHandler;
  /** Undefined: callers are not authenticated. */
  readonly accessControl: AccessControl | undefined;
  readonly checkOrigin: OriginCheck;
  readonly cors: Cors;
  /** Kinds of credentials that the gateway accepts; undefined without access control. */
  readonly credentialKinds: readonly CredentialKind[] | undefined;
  /** Whether callers without credentials are served as well. */
  readonly admitsAnyone: boolean;
  /** Whether anybody may read the descriptors of the services and their OpenAPI document. */
  readonly openReflection: boolean;
}

/**
 * Serves everything on the port: REST, Connect, gRPC and gRPC-Web, which all call the same methods, and spark-jobserver's API, which calls
 * the same use cases.
 */
export function createRequestHandler(surfaces: Surfaces): RequestListener {
  const { services, invoke, readiness, log, limits, spark, accessControl, checkOrigin, cors, openReflection } =
    surfaces;
  const described = services.map(({ service }) => service);
  const authentication =
    accessControl && createAuthentication(accessControl, guardedPaths(described, { openReflection }));
  const openApi = createOpenApiPage(described, surfaces);
  const serveReadiness = createReadinessPage(readiness);
  const transcoder = createTranscoder({
    services: described,
    invoke: authentication
      ? (method, request, call) => invoke(method, request, call, authentication.callerOf(call.request))
      : invoke,
    admit: authentication && ((method, request) => authentication.authenticate(request, actionName(method))),
    decodesSlashes: true,
    structLevels: MAX_NESTING,
    limits: { bodyBytes: limits.messageBytes, bodyValues: MAX_VALUES, rawBodyBytes: limits.uploadBytes },
    rawHeaders: downloadHeaders,
    events: {
      eventId: (_, message) => eventId(message),
      eventType: (_, message) => (isMessage(message, JobEventSchema) ? message.event.case : undefined),
      resumeFields: ["after_seq", "after_number"],
    },
    onInternalError: (error, method) => log.error({ method: method.toString(), err: error }, "internal error"),
  });
  const rpc = createRpc({
    routes: (router) => addRoutes(router, { services, invoke, readiness, limits }),
    readMaxBytes: limits.messageBytes,
    // As in REST: an unknown field may be a misspelt one, and the call would do something else without it.
    jsonOptions: { ignoreUnknownFields: false },
    requestGate: reportDecodeErrors,
    maxBytes: (service) => maxBytes(service, limits),
    direct: {
      services: described,
      invoke: (method, request, call) => invoke(method, request, call, authentication?.callerOf(call.request)),
    },
    contextValues: (request) => createContextValues().set(CALLER, authentication?.callerOf(request)),
  });
  const rejectInvalidCall = createPreconditionCheck(rpc.handlers);
  const serve: Serve = async (request, response) => {
    setSecurityHeaders(request, response);
    // Checked before the target is normalized.
    const ambiguity = findAmbiguity(request);
    normalizeTarget(request);
    if (await serveReadiness(request, response)) return;
    const refused = ambiguity ?? findRefusal(request, checkOrigin);
    if (refused !== undefined) return sendHttpError(request, response, refused);
    if (cors(request, response) || answerServerOptions(request, response)) return;
    // No REST path is the path of an RPC method.
    if (!rpc.names(request) && (await transcoder.handle(request, response))) return;
    if (authentication !== undefined && !(await authentication.authenticateRpc(request, response))) return;
    if (rejectInvalidCall(request, response) || (await rpc.answer(request, response))) return;
    if ((await openApi(request, response)) || (await spark(request, response))) return;
    sendNotFound(request, response);
  };
  return createRequestListener(serve, { log });
}

/** Returns the reason to reject a request by its head alone. Ensures that an accepted request has a host. */
function findRefusal(request: HttpRequest, checkOrigin: OriginCheck): ConnectError | undefined {
  const refused = findTargetError(request) ?? checkOrigin(request);
  if (refused !== undefined) return refused;
  if (!hasValidHost(request)) return hostInvalid();
  return request.headers["content-range"] === undefined ? undefined : partRefused();
}

/** The paths that require an authenticated caller. */
function guardedPaths(services: readonly DescService[], { openReflection }: Pick<Surfaces, "openReflection">) {
  const guarded = openReflection ? services : [...services, ...REFLECTION];
  return {
    guarded: new Set([...guarded.map(({ typeName }) => typeName), ...(openReflection ? [] : [OPENAPI_PATH.slice(1)])]),
    methods: new Set([...guarded.flatMap(({ methods }) => methods.map(actionName)), OPENAPI_PATH.slice(1)]),
  };
}

/** The id by which a client of server-sent events resumes a stream. */
function eventId(message: Message): string | undefined {
  if (isMessage(message, JobEventSchema)) return String(message.seq);
  return isMessage(message, LogLineSchema) ? String(message.number) : undefined;
}
