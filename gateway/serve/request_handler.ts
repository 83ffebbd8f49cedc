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
import type { Gate } from "../access/mod.ts";
import { type Limits, MOST_VALUES } from "../limits.ts";
import {
  actionName,
  addRoutes,
  CALLER,
  type Invoke,
  mostBytes,
  type Readiness,
  type ServedService,
} from "../rpc/mod.ts";
import type { SparkFace } from "../spark/mod.ts";
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
import { answerNotFound } from "./responses/not_found.ts";
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
  readonly spark: SparkFace;
  /** Absent: nobody is asked who calls. */
  readonly gate: Gate | undefined;
  readonly checkOrigin: OriginCheck;
  readonly cors: Cors;
  /** What callers may show to prove who they are; absent where there is no gate. */
  readonly credentialKinds: readonly CredentialKind[] | undefined;
  /** Whether callers who show nothing are served as well. */
  readonly admitsAnyone: boolean;
  /** Lets anybody ask for the descriptors of the services, and for their OpenAPI document. */
  readonly openReflection: boolean;
}

/**
 * Everything that the port answers: REST, Connect, gRPC and gRPC-Web, each by its own rules, ending in the same methods; and
 * spark-jobserver's API, ending in the same use cases.
 */
export function createRequestHandler(surfaces: Surfaces): RequestListener {
  const { services, invoke, readiness, log, limits, spark, gate, checkOrigin, cors, openReflection } = surfaces;
  const described = services.map(({ service }) => service);
  const authentication = gate && createAuthentication(gate, guardedPaths(described, { openReflection }));
  const openApi = createOpenApiPage(described, surfaces);
  const answerReadiness = createReadinessPage(readiness);
  const transcoder = createTranscoder({
    services: described,
    invoke: authentication
      ? (method, request, call) => invoke(method, request, call, authentication.callerOf(call.request))
      : invoke,
    admit: authentication && ((method, request) => authentication.authenticate(request, actionName(method))),
    decodesSlashes: true,
    structLevels: MAX_NESTING,
    limits: { bodyBytes: limits.messageBytes, bodyValues: MOST_VALUES, rawBodyBytes: limits.uploadBytes },
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
    // As REST has it: a field that is not known may be a misspelt one, without which the call would do something else.
    jsonOptions: { ignoreUnknownFields: false },
    requestGate: reportDecodeErrors,
    mostBytes: (service) => mostBytes(service, limits),
    direct: {
      services: described,
      invoke: (method, request, call) => invoke(method, request, call, authentication?.callerOf(call.request)),
    },
    contextValues: (request) => createContextValues().set(CALLER, authentication?.callerOf(request)),
  });
  const rejectInvalidCall = createPreconditionCheck(rpc.handlers);
  const serve: Serve = async (request, response) => {
    setSecurityHeaders(request, response);
    // By the target as it was sent.
    const ambiguity = findAmbiguity(request);
    normalizeTarget(request);
    if (await answerReadiness(request, response)) return;
    const refused = ambiguity ?? findRefusal(request, checkOrigin);
    if (refused !== undefined) return sendHttpError(request, response, refused);
    if (cors(request, response) || answerServerOptions(request, response)) return;
    // No path of REST is that of a method.
    if (!rpc.names(request) && (await transcoder.handle(request, response))) return;
    if (authentication !== undefined && !(await authentication.authenticateRpc(request, response))) return;
    if (rejectInvalidCall(request, response) || (await rpc.answer(request, response))) return;
    if ((await openApi(request, response)) || (await spark(request, response))) return;
    answerNotFound(request, response);
  };
  return createRequestListener(serve, { log });
}

/** Why a request may not be served, by its head alone. Afterwards its host is known. */
function findRefusal(request: HttpRequest, checkOrigin: OriginCheck): ConnectError | undefined {
  const refused = findTargetError(request) ?? checkOrigin(request);
  if (refused !== undefined) return refused;
  if (!hasValidHost(request)) return hostInvalid();
  return request.headers["content-range"] === undefined ? undefined : partRefused();
}

/** What only known callers may ask for. */
function guardedPaths(services: readonly DescService[], { openReflection }: Pick<Surfaces, "openReflection">) {
  const guarded = openReflection ? services : [...services, ...REFLECTION];
  return {
    guarded: new Set([...guarded.map(({ typeName }) => typeName), ...(openReflection ? [] : [OPENAPI_PATH.slice(1)])]),
    methods: new Set([...guarded.flatMap(({ methods }) => methods.map(actionName)), OPENAPI_PATH.slice(1)]),
  };
}

/** By which a client of server-sent events says how far it has read. */
function eventId(message: Message): string | undefined {
  if (isMessage(message, JobEventSchema)) return String(message.seq);
  return isMessage(message, LogLineSchema) ? String(message.number) : undefined;
}
