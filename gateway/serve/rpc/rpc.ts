import type { DescService } from "@bufbuild/protobuf";
import {
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  type ContextValues,
  createConnectRouter,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { universalRequestFromNodeRequest } from "@connectrpc/connect-node";
import { type HttpRequest, type HttpResponse, isOver, sendContinue, writePiece } from "../../../lib/transcode/mod.ts";
import { sendRpcError } from "../responses/error_responses.ts";
import { toNodeHeaders } from "../responses/node_headers.ts";
import { createUnary, type InvokeUnary } from "../unary/unary.ts";
import { type BodyStart, NOTHING_READ, resumeBody } from "../unary/unary_body.ts";
import { acceptedEncodings } from "../unary/unary_head.ts";
import { boundBody, boundQuery } from "./bounded_messages.ts";
import { COMPRESSIONS } from "./compressions.ts";
import { keepLongDeadline } from "./long_deadline.ts";

interface RpcOptions extends ConnectRouterOptions {
  readonly routes: (router: ConnectRouter) => void;
  readonly contextValues: (request: HttpRequest) => ContextValues;
  /** Maximum size of a message that a service accepts, in bytes. */
  readonly mostBytes: (service: DescService) => number;
  /** Services whose usual calls bypass connect-es. They have routes as well, for all other calls. */
  readonly direct?: { readonly services: readonly DescService[]; readonly invoke: InvokeUnary };
}

/** The methods served by Connect, gRPC and gRPC-Web. */
export interface Rpc {
  readonly handlers: readonly UniversalHandler[];
  /** Whether the path of a request is the path of a method. */
  names(request: HttpRequest): boolean;
  /**
   * Serves a call. Resolves to false, without reading or writing anything, if there is no such method. Rejects if the response cannot be
   * written: connect-node's own adapter does not expose that, and logs it on the console.
   */
  answer(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

export function createRpc({ routes, contextValues, mostBytes, direct, ...options }: RpcOptions): Rpc {
  const router = createConnectRouter({ acceptCompression: [...COMPRESSIONS], ...options });
  routes(router);
  const answerUnary = direct && createUnary({ ...direct, mostBytes, jsonOptions: options.jsonOptions });
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  const find = ({ url = "" }: HttpRequest) => handlers.get(url) ?? handlers.get(url.split("?", 1)[0] ?? "");

  return {
    handlers: router.handlers,
    names: (request) => find(request) !== undefined,
    async answer(request, response) {
      const handler = find(request);
      if (handler === undefined) return false;
      // The client may have left during authentication; its "close" event would not come again.
      if (isOver(response)) return true;
      const start = answerUnary === undefined ? NOTHING_READ : await answerUnary(request, response);
      if (start === undefined) return true;
      const leaving = new AbortController();
      response.once("close", () => leaving.abort());
      const asked = universalRequestFromNodeRequest(request, response as never, undefined, contextValues(request));
      using kept = keepLongDeadline(asked);
      const call = kept?.call ?? asked;
      const bounds = { method: handler.method, messageBytes: mostBytes(handler.service) };
      normalizeEncodings(call.header);
      const refused = request.method === "GET" ? await refusalOf(boundQuery(call, bounds)) : undefined;
      if (refused !== undefined) {
        sendRpcError(request, response, refused);
        return true;
      }
      const bounded = {
        ...call,
        body: boundBody({ ...call, body: readPieces(request, response, start) }, bounds),
      };
      const answer = await handler(bounded);
      if (request.method === "GET" || answer.header?.has("content-encoding")) {
        response.appendHeader("vary", "accept-encoding");
      }
      await write(response, answer, leaving.signal);
      return true;
    },
  };
}

/** Normalizes content codings: connect-es knows one lower-case name for each. */
function normalizeEncodings(header: Headers): void {
  const accepted = acceptedEncodings(header.get("accept-encoding"));
  if (accepted !== null) header.set("accept-encoding", accepted);
  const encoding = header.get("content-encoding")?.trim().toLowerCase();
  if (encoding !== undefined) header.set("content-encoding", encoding === "x-gzip" ? "gzip" : encoding);
}

/** Resolves to the error that a check rejects with. */
async function refusalOf(check: Promise<void>): Promise<ConnectError | undefined> {
  const [outcome] = await Promise.allSettled([check]);
  return outcome.status === "rejected" ? ConnectError.from(outcome.reason) : undefined;
}

/** The body of a call, including what was read already. */
async function* readPieces(request: HttpRequest, response: HttpResponse, start: BodyStart): AsyncGenerator<Uint8Array> {
  sendContinue(request, response);
  yield* resumeBody(request, start);
}

/** Writes a response at the client's pace. Rejects if the client leaves or the response fails. */
async function write(response: HttpResponse, answer: UniversalServerResponse, signal: AbortSignal): Promise<void> {
  const { status, header, trailer, body } = answer;
  const sendHead = (): void => {
    if (!response.headersSent) response.writeHead(status, toNodeHeaders(header));
  };
  // The head follows the first chunk: until then the method may set headers.
  for await (const chunk of body ?? []) {
    if (isOver(response)) return;
    sendHead();
    await writePiece(response, chunk, { signal });
  }
  if (isOver(response)) return;
  sendHead();
  if (trailer !== undefined) response.addTrailers(toNodeHeaders(trailer));
  response.end();
}
