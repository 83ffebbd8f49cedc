import { setImmediate as nextTurn } from "node:timers/promises";
import type { DescMethod, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { ConnectError } from "@connectrpc/connect";
import { setTextAt } from "./annotation/fields.ts";
import type { Match } from "./annotation/router.ts";
import type { Endpoint } from "./endpoint.ts";
import { chooseType, type Offer } from "./http/accept.ts";
import { readBody } from "./http/body.ts";
import type { Call } from "./http/call.ts";
import { decoding, masked } from "./http/errors.ts";
import type { TranscoderOptions } from "./options.ts";
import { readRequest } from "./request.ts";
import { answerError, answerJson, answerRaw, httpBody } from "./respond.ts";
import { answerRawStream, answerStream, ndjson, type StreamFormat, serverSentEvents } from "./stream.ts";

const JSON_ONLY: readonly [Offer] = [{ type: "application/json" }];

const EVENTS: Offer = { type: "text/event-stream" };

/** Formats of a stream: NDJSON, or server-sent events if the client names them. */
const STREAM: readonly [Offer, Offer] = [
  {
    type: "application/x-ndjson",
    aliases: ["application/ndjson", "application/jsonl", "application/jsonlines", "application/json"],
  },
  EVENTS,
];

const LARGE_BODY_BYTES = 256 * 1024;

/** Serves a request with a matching route. The only place that converts errors to responses. */
export async function serve(
  options: TranscoderOptions,
  match: Match<Endpoint>,
  { query, call }: { query: string; call: Call },
): Promise<void> {
  const endpoint = match.route;
  const toConnectError = (error: unknown) => asConnectError(options, error, { call, method: endpoint.method });
  try {
    call.startDeadline();
    const stream = endpoint.method.methodKind === "server_streaming";
    // The type of bytes is fixed; it is sent even if the client did not ask for it.
    const type = endpoint.rawResponse
      ? undefined
      : chooseType(call.request.headers.accept, stream ? STREAM : JSON_ONLY);
    if (options.admit !== undefined) await options.admit(endpoint.method, call.request);
    const body = await readBody(call.request, call.response, endpoint.bodyLimit);
    const contentType = call.request.headers["content-type"];
    const parts = { segments: match.segments, query, body, contentType };
    const request = readRequest(endpoint, parts, options.jsonOptions);
    const format = type === undefined || !stream ? undefined : streamFormat(options, endpoint, { call, request, type });
    // Decoding a large body takes time; yields to the event loop before it continues.
    if (body.length > LARGE_BODY_BYTES) await nextTurn();
    const result = options.invoke(endpoint.method, request, call);
    await answer(endpoint, result, { call, format, toConnectError });
  } catch (error) {
    const told = toConnectError(error);
    if (call.response.headersSent) {
      call.cut();
      return;
    }
    await answerError(call, told, { jsonOptions: options.jsonOptions });
  }
}

async function answer(
  endpoint: Endpoint,
  result: Promise<Message> | AsyncIterable<Message>,
  {
    call,
    format,
    toConnectError,
  }: { call: Call; format: StreamFormat | undefined; toConnectError: (error: unknown) => ConnectError },
): Promise<void> {
  if (Symbol.asyncIterator in result) {
    return format === undefined
      ? answerRawStream(call, result, endpoint)
      : answerStream(call, result, { format, toConnectError });
  }
  const response = await result;
  if (endpoint.rawResponse) {
    return answerRaw(call, httpBody(endpoint, response), endpoint.rawHead);
  }
  return answerJson(call, endpoint.print(response));
}

/** The format that the client requested. Sets `Last-Event-ID` in the request of a client that reconnects. */
function streamFormat(
  { events, jsonOptions }: TranscoderOptions,
  endpoint: Endpoint,
  { call, request, type }: { call: Call; request: Message; type: string },
): StreamFormat {
  const { headers } = call.request;
  if (type !== EVENTS.type) {
    return ndjson(endpoint.print, jsonOptions);
  }
  const { method, resumePath } = endpoint;
  const lastEventId = headers["last-event-id"];
  const resumed = resumePath !== undefined && typeof lastEventId === "string" && lastEventId !== "";
  if (resumed) {
    decoding("Cannot read header Last-Event-ID", () =>
      setTextAt(reflect(method.input, request), resumePath, lastEventId),
    );
  }
  const names = {
    id: (message: Message) => events?.eventId?.(method, message),
    type: (message: Message) => events?.eventType?.(method, message),
  };
  return serverSentEvents(endpoint.print, {
    names,
    keepAliveMs: events?.keepAliveMs ?? 15_000,
    resumed,
    jsonOptions,
  });
}

function asConnectError(
  { onInternalError }: TranscoderOptions,
  error: unknown,
  { call, method }: { call: Call; method: DescMethod },
): ConnectError {
  if (call.signal.aborted && call.signal.reason instanceof ConnectError) {
    return call.signal.reason;
  }
  if (error instanceof ConnectError) {
    return error;
  }
  onInternalError?.(error, method);
  return masked(error);
}
