import type {
  DescMessage,
  DescMethod,
  DescService,
  JsonReadOptions,
  JsonWriteOptions,
  Message,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  createMethodSerializationLookup,
  createMethodUrl,
  type MethodSerializationLookup as Messages,
} from "@connectrpc/connect/protocol";
import { type HttpRequest, type HttpResponse, isOver, printJson, readKept } from "../../../lib/transcode/mod.ts";
import { MOST_VALUES } from "../../limits.ts";
import type { Invoke } from "../../rpc/mod.ts";
import { type BodyStart, NOTHING_READ, readBodyStart } from "./unary_body.ts";
import { UnaryCall } from "./unary_call.ts";
import { readUnaryHead, type UnaryHead } from "./unary_head.ts";
import { answerUnary } from "./unary_response.ts";

/** Calls a method. Throws or rejects as the method does. */
export type InvokeUnary = (method: DescMethod, request: Message, call: UnaryCall) => ReturnType<Invoke>;

interface UnaryOptions {
  /** Only their unary methods are served. */
  readonly services: readonly DescService[];
  readonly invoke: InvokeUnary;
  readonly jsonOptions: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  /** Maximum size of a message that a service accepts, in bytes. */
  readonly mostBytes: (service: DescService) => number;
}

/**
 * Serves the usual calls by Connect, gRPC and gRPC-Web directly: a unary method with a small, uncompressed request that can be decoded.
 * Resolves to undefined when the call is over. connect-es serves all other calls and takes five times as long: then it resolves to the part
 * of the body that was read. Rejects if the response cannot be written.
 */
export type AnswerUnary = (request: HttpRequest, response: HttpResponse) => Promise<BodyStart | undefined>;

interface Route {
  readonly method: DescMethod;
  readonly messages: Messages<DescMessage, DescMessage>;
  /** Maximum size of a small body, in bytes: it cannot have too many values. */
  readonly mostBytes: number;
}

const ENVELOPE_BYTES = 5;

export function createUnary({ services, invoke, jsonOptions, mostBytes }: UnaryOptions): AnswerUnary {
  const routes = new Map<string, Route>();
  for (const service of services) {
    for (const method of service.methods) {
      if (method.methodKind !== "unary") continue;
      const bounds = { readMaxBytes: mostBytes(service), writeMaxBytes: 0xffffffff };
      const messages = createMethodSerializationLookup(method, undefined, jsonOptions, bounds);
      routes.set(createMethodUrl("/", method), {
        ...{ method, messages },
        mostBytes: Math.min(bounds.readMaxBytes, MOST_VALUES),
      });
    }
  }

  return async (request, response) => {
    const route = routes.get(request.url ?? "");
    const head = route && readUnaryHead(request);
    if (route === undefined || head === undefined) return NOTHING_READ;
    const sizeBytes = request.headers["content-length"];
    if (sizeBytes !== undefined && !(Number(sizeBytes) <= route.mostBytes)) return NOTHING_READ;
    return serve(route, { request, response, head });
  };

  async function serve(
    { method, messages, mostBytes: most }: Route,
    { request, response, head }: { request: HttpRequest; response: HttpResponse; head: UnaryHead },
  ): Promise<BodyStart | undefined> {
    using call = new UnaryCall(request, response, head);
    const body = await readBodyStart(request, most);
    // The client has left.
    if (body === undefined || isOver(response)) return undefined;
    const message = decode(body, head, messages);
    if (message === undefined) return body;
    const outcome = await settle(async () => {
      const answer = invoke(method, message, call);
      if (Symbol.asyncIterator in answer) throw new Error(`Method ${method} returns a stream`);
      return encode(await answer, { method, head, messages });
    });
    await answerUnary(response, outcome, { head, call, jsonOptions });
    return undefined;
  }

  /** Kept JSON texts are copied into JSON without parsing. */
  function encode(
    message: Message,
    { method, head, messages }: { method: DescMethod; head: UnaryHead; messages: Route["messages"] },
  ): Uint8Array {
    if (!head.form.isBinary && jsonOptions?.registry === undefined)
      return Buffer.from(printJson(method.output, message));
    readKept(method.output, message);
    return messages.getO(head.form.isBinary).serialize(message);
  }
}

/** Decodes the message of a body; undefined unless it holds exactly one valid message. */
function decode(
  { pieces, isWhole }: BodyStart,
  { form: { protocol, isBinary } }: UnaryHead,
  messages: Messages<DescMessage, DescMessage>,
): Message | undefined {
  if (!isWhole) return undefined;
  const [first = EMPTY, ...more] = pieces;
  const bytes = plain(more.length === 0 ? first : Buffer.concat(pieces));
  const content = protocol === "connect" ? bytes : unwrap(bytes);
  if (content === undefined) return undefined;
  try {
    return messages.getI(isBinary).parse(content);
  } catch {
    // connect-es reports the error to the client.
    return undefined;
  }
}

const EMPTY = new Uint8Array();

/** The same memory as a plain Uint8Array: a message decoded from a Buffer has Buffers in its fields. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** The message in an envelope without flags; undefined unless there is exactly one. */
function unwrap(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < ENVELOPE_BYTES || bytes[0] !== 0) return undefined;
  const sizeBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1);
  return sizeBytes === bytes.length - ENVELOPE_BYTES ? bytes.subarray(ENVELOPE_BYTES) : undefined;
}

async function settle(run: () => Promise<Uint8Array>): Promise<Uint8Array | ConnectError> {
  try {
    return await run();
  } catch (error) {
    return error instanceof ConnectError
      ? error
      : new ConnectError("internal error", Code.Internal, undefined, undefined, error);
  }
}
