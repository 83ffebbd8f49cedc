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
  /** Bytes of a message that a service takes. */
  readonly mostBytes: (service: DescService) => number;
  /** Services whose usual calls do not pass through connect-es. They have routes as well, for all other calls. */
  readonly direct?: { readonly services: readonly DescService[]; readonly invoke: InvokeUnary };
}

/** The methods that are called by Connect, gRPC and gRPC-Web. */
export interface Rpc {
  readonly handlers: readonly UniversalHandler[];
  /** Whether the path of a request is that of a method. */
  names(request: HttpRequest): boolean;
  /**
   * Answers a call; false when there is no such method, and then nothing was read or written. Rejects when the answer cannot be
   * written. connect-node's own adapter lets nobody wait for that, and logs it on the console.
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
      // The caller was looked up meanwhile; a client that left then would not be noticed any more.
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

/** connect-es knows codings by one name, in small letters. */
function normalizeEncodings(header: Headers): void {
  const accepted = acceptedEncodings(header.get("accept-encoding"));
  if (accepted !== null) header.set("accept-encoding", accepted);
  const encoding = header.get("content-encoding")?.trim().toLowerCase();
  if (encoding !== undefined) header.set("content-encoding", encoding === "x-gzip" ? "gzip" : encoding);
}

/** What a check rejects with. */
async function refusalOf(check: Promise<void>): Promise<ConnectError | undefined> {
  const [outcome] = await Promise.allSettled([check]);
  return outcome.status === "rejected" ? ConnectError.from(outcome.reason) : undefined;
}

/** The body of a call, some of which may have been read. */
async function* readPieces(request: HttpRequest, response: HttpResponse, start: BodyStart): AsyncGenerator<Uint8Array> {
  sendContinue(request, response);
  yield* resumeBody(request, start);
}

/** Writes an answer as the client takes it. Rejects when the client leaves, or the answer breaks. */
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
