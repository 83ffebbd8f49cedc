import type { RequestListener } from "node:http";
import { createContextValues } from "@connectrpc/connect";
import type { Logger } from "pino";
import { gatewayStarting, hostInvalid } from "../../proto/errors.ts";
import { Health } from "../../proto/mod.ts";
import type { Limits } from "../limits.ts";
import { createHealth, mostBytes, type Readiness, SERVICE_NAMES } from "../rpc/mod.ts";
import { createRequestListener } from "./exchanges/request_listener.ts";
import { hasValidHost } from "./requests/host_header.ts";
import { normalizeTarget } from "./requests/target.ts";
import { sendHttpError, sendRpcError } from "./responses/error_responses.ts";
import { answerLiveness, createReadinessPage } from "./responses/health_pages.ts";
import { setSecurityHeaders } from "./responses/security_headers.ts";
import { createRpc } from "./rpc/rpc.ts";

interface Starting {
  readonly readiness: Readiness;
  readonly limits: Limits;
  readonly log: Logger;
}

/** Serves the port while the gateway starts: the health endpoints, and Unavailable for every other call. */
export function createStartupHandler({ readiness, limits, log }: Starting): RequestListener {
  const answerReadiness = createReadinessPage(readiness);
  const readMaxBytes = mostBytes(Health, limits);
  const rpc = createRpc({
    routes: (router) => router.service(Health, createHealth(readiness, SERVICE_NAMES), { readMaxBytes }),
    mostBytes: () => readMaxBytes,
    contextValues: () => createContextValues(),
  });
  return createRequestListener(
    async (request, response) => {
      setSecurityHeaders(request, response);
      normalizeTarget(request);
      if ((await answerLiveness(request, response)) || (await answerReadiness(request, response))) return;
      if (!hasValidHost(request)) return sendHttpError(request, response, hostInvalid());
      if (await rpc.answer(request, response)) return;
      const error = gatewayStarting();
      response.setHeader("retry-after", "1");
      const contentType = request.headers["content-type"] ?? "";
      const isRpc = /^application\/(grpc|connect\+)/.test(contentType);
      if (isRpc) sendRpcError(request, response, error);
      else sendHttpError(request, response, error);
    },
    { log },
  );
}
