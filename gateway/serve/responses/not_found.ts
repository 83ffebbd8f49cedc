import type { HttpRequest, HttpResponse } from "../../../lib/transcode/mod.ts";
import { methodNotFound, rpcNotFound } from "../../../proto/errors.ts";
import { sendRpcError } from "./error_responses.ts";

/** The path of an RPC method: a service with its package, and the method. */
const RPC_PATH = /^\/[a-z_]\w*(?:\.[a-z_]\w*)+\/[a-z_]\w*$/i;

const RPC_TYPE = /^application\/(?:grpc|connect\+|proto)/i;

/**
 * Sends 404 with Connect's JSON error for an unknown path. The code is `unimplemented` for RPC calls, as gRPC and Connect specify for
 * unknown methods, otherwise `not_found`.
 */
export function answerNotFound(request: HttpRequest, response: HttpResponse): void {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const { headers } = request;
  const isCall =
    RPC_PATH.test(path) ||
    RPC_TYPE.test(headers["content-type"] ?? "") ||
    headers["connect-protocol-version"] !== undefined;
  sendRpcError(request, response, isCall ? rpcNotFound(path) : methodNotFound(path), { status: 404 });
}
