import type { DescMethod, DescService, JsonReadOptions, JsonWriteOptions, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { Code, ConnectError } from "@connectrpc/connect";
import { answerError, answerJson, answerRaw, createPrinter, httpBody, type PrintMessage } from "./answer.ts";
import { type Binding, bindServices } from "./binding.ts";
import { readBody } from "./body.ts";
import { Call, type CallContext, type HttpRequest, type HttpResponse } from "./call.ts";
import { bodyTooLarge, decoding, masked } from "./errors.ts";
import { type FieldPath, resolveFieldPath, setTextAt } from "./fields.ts";
import { readRequest } from "./request.ts";
import { createRouter, type Match } from "./router.ts";
import { answerRawStream, answerStream, ndjson, type StreamFormat, serverSentEvents } from "./stream.ts";
import { printTemplate } from "./template.ts";

/**
 * Calls a method: a promise for a unary one, messages for one with a stream of responses. Either must end when `call.signal` is
 * aborted. A ConnectError is told to the client; anything else is masked.
 */
export type Invoke = (
  method: DescMethod,
  request: Message,
  call: CallContext,
) => Promise<Message> | AsyncIterable<Message>;

export interface TranscoderOptions {
  /** Methods without a `google.api.http` annotation are left out. */
  readonly services: readonly DescService[];
  readonly invoke: Invoke;
  readonly limits?: BodyLimits | undefined;
  /** For bodies, messages and the details of errors. */
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  readonly events?: EventOptions | undefined;
  /** Told of each error that the client sees as "internal error" only. */
  readonly onInternalError?: ((error: unknown, method: DescMethod) => void) | undefined;
}

export interface BodyLimits {
  /** Bytes of a JSON body; default 4 MiB. */
  readonly bodyBytes?: number | undefined;
  /** Bytes of a body that is a google.api.HttpBody; default `bodyBytes`. */
  readonly rawBodyBytes?: number | undefined;
}

/** Server-sent events: what a stream of responses is to a client that accepts `text/event-stream`. */
export interface EventOptions {
  /** The `id:` of a message, which the client sends back as `Last-Event-ID` when it connects again. */
  readonly eventId?: ((method: DescMethod, message: Message) => string | undefined) | undefined;
  /** The `event:` of a message. */
  readonly eventType?: ((method: DescMethod, message: Message) => string | undefined) | undefined;
  /** Proto name of the request field that takes `Last-Event-ID`, in requests that have it. */
  readonly resumeField?: string | undefined;
  /** Milliseconds of silence after which a comment is sent; default 15 000. */
  readonly keepAliveMs?: number | undefined;
}

/** What a request would call. */
export interface Route {
  readonly method: DescMethod;
  /** The path template that matched, such as `/v1/jobs/{job_id}:cancel`. */
  readonly template: string;
}

export interface Transcoder {
  /** Looks at method and path only. */
  route(request: HttpRequest): Route | undefined;
  /**
   * Answers a request; resolves when the answer is handed to the connection. False when no path template matches, or for OPTIONS
   * without a rule of its own: nothing was read or written then. Never rejects because of what the request or the method does.
   */
  handle(request: HttpRequest, response: HttpResponse): Promise<boolean>;
}

/** Throws an Error when an annotation makes no sense, or two of them match the same requests. */
export function createTranscoder(options: TranscoderOptions): Transcoder {
  const router = createRouter(bindServices(options.services).map((binding) => compile(binding, options)));

  return {
    route(request) {
      const match = router.match(request.method ?? "", splitTarget(request.url ?? "").path);
      return match && { method: match.route.method, template: match.route.templateText };
    },
    async handle(request, response) {
      const httpMethod = request.method ?? "";
      const { path, query } = splitTarget(request.url ?? "");
      const match = router.match(httpMethod, path);
      if (match !== undefined) {
        await serve(options, match, { query, call: new Call(request, response) });
        return true;
      }
      const allowed = httpMethod === "OPTIONS" ? [] : router.allowed(path);
      if (allowed.length > 0) {
        refuseMethod(new Call(request, response), allowed);
      }
      return allowed.length > 0;
    },
  };
}

/** A binding with all that can be worked out before the first request. */
interface Endpoint extends Binding {
  readonly templateText: string;
  readonly limitBytes: number;
  readonly print: PrintMessage;
  readonly resumePath: FieldPath | undefined;
}

function compile(binding: Binding, { limits, jsonOptions, events }: TranscoderOptions): Endpoint {
  const bodyBytes = limits?.bodyBytes ?? 4 * 1024 * 1024;
  const resumeField = events?.resumeField;
  const resumable = binding.method.input.fields.some((field) => field.name === resumeField);
  return {
    ...binding,
    templateText: printTemplate(binding.template),
    limitBytes: binding.body.type === "raw" ? (limits?.rawBodyBytes ?? bodyBytes) : bodyBytes,
    print: createPrinter(binding, jsonOptions),
    resumePath:
      resumeField !== undefined && resumable ? resolveFieldPath(binding.method.input, [resumeField]) : undefined,
  };
}

/** The one place where an error becomes an answer. */
async function serve(
  options: TranscoderOptions,
  match: Match<Endpoint>,
  { query, call }: { query: string; call: Call },
): Promise<void> {
  const endpoint = match.route;
  const toConnectError = (error: unknown) => asConnectError(options, error, { call, method: endpoint.method });
  using _ = call;
  try {
    call.startDeadline();
    const body = await readBodyOf(call.request, endpoint.limitBytes);
    if (body === undefined) {
      answerError(call, bodyTooLarge(endpoint.limitBytes), { status: 413, jsonOptions: options.jsonOptions });
      return;
    }
    const contentType = call.request.headers["content-type"];
    const parts = { segments: match.segments, query, body, contentType };
    const request = readRequest(endpoint, parts, options.jsonOptions);
    const stream = endpoint.method.methodKind === "server_streaming";
    const format = stream && !endpoint.rawResponse ? streamFormat(options, endpoint, { call, request }) : undefined;
    const result = options.invoke(endpoint.method, request, call);
    await answer(endpoint, result, { call, format, toConnectError });
  } catch (error) {
    const told = toConnectError(error);
    if (call.response.headersSent) {
      call.cut();
      return;
    }
    answerError(call, told, { jsonOptions: options.jsonOptions });
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
    answerRaw(call, httpBody(endpoint, response));
    return;
  }
  answerJson(call, endpoint.print(response));
}

/** As the client asked for it. Puts `Last-Event-ID` into the request, where it comes from a client that connects again. */
function streamFormat(
  { events, jsonOptions }: TranscoderOptions,
  endpoint: Endpoint,
  { call, request }: { call: Call; request: Message },
): StreamFormat {
  const { headers } = call.request;
  if (!headers.accept?.includes("text/event-stream")) {
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

const NO_BODY = Buffer.alloc(0);

function readBodyOf(
  request: HttpRequest,
  limitBytes: number,
): Promise<Buffer<ArrayBuffer> | undefined> | Buffer<ArrayBuffer> {
  const { headers } = request;
  const length = headers["content-length"];
  const none = length === "0" || (length === undefined && headers["transfer-encoding"] === undefined);
  return none && request.httpVersionMajor === 1 ? NO_BODY : readBody(request, limitBytes);
}

function refuseMethod(call: Call, allowed: readonly string[]): void {
  const { method, url } = call.request;
  const error = new ConnectError(
    `Cannot ${method} ${url}: this path has ${allowed.join(", ")} only`,
    Code.Unimplemented,
    { allow: allowed.join(", ") },
  );
  answerError(call, error, { status: 405, jsonOptions: undefined });
}

/** Path and query of a request target, which may be a whole URL (RFC 9112, section 3.2.2). */
function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  if (path.startsWith("/")) {
    return { path, query };
  }
  const slash = path.indexOf("/", path.indexOf("://") + 3);
  return { path: path.includes("://") && slash >= 0 ? path.slice(slash) : path, query };
}
