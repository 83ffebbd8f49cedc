import { Code, ConnectError } from "@connectrpc/connect";
import { methodNotFound } from "../../proto/errors.ts";
import type { HttpRequest, HttpResponse } from "../transcode/mod.ts";
import { refuseRpc } from "./refuse.ts";

/** Answers a request for a path that nothing here has: Connect's JSON error with 404, or what gRPC says of unknown methods. */
export function answerNotFound(request: HttpRequest, response: HttpResponse): void {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const notFound = methodNotFound(path);
  const isGrpc = request.headers["content-type"]?.startsWith("application/grpc");
  refuseRpc(request, response, isGrpc ? new ConnectError(notFound.rawMessage, Code.Unimplemented) : notFound);
}
