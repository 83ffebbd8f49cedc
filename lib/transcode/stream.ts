import type { JsonWriteOptions, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { HttpBody } from "../../proto/gen/es/google/api/httpbody_pb.js";
import type { Endpoint } from "./endpoint.ts";
import type { Call } from "./http/call.ts";
import { compressPieces, type Encoding, isCompressible, joinPieces, negotiateEncoding } from "./http/compress.ts";
import { printError } from "./http/errors.ts";
import { writePiece } from "./http/write.ts";
import { httpBody, type PrintMessage } from "./respond.ts";

/** A text format of a stream of messages. */
export interface StreamFormat {
  readonly contentType: string;
  printMessage(message: Message): string;
  /** The end of a stream that fails after its head was sent. */
  printError(error: ConnectError): string;
  /** Text that is written when the stream has been idle for the interval. */
  readonly keepAlive: { readonly text: string; readonly intervalMs: number } | undefined;
  /** The status of a stream without messages. */
  readonly emptyStatus: 200 | 204;
}

/** Names of server-sent events. */
export interface EventNames {
  readonly id: (message: Message) => string | undefined;
  readonly type: (message: Message) => string | undefined;
}

/** One JSON value per line; a failed stream ends with a line `{"error": …}`. */
export function ndjson(print: PrintMessage, jsonOptions: Partial<JsonWriteOptions> | undefined): StreamFormat {
  return {
    contentType: "application/x-ndjson",
    printMessage: (message) => `${print(message)}\n`,
    printError: (error) => `{"error":${printError(error, jsonOptions)}}\n`,
    keepAlive: undefined,
    emptyStatus: 200,
  };
}

/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A failed stream ends with an event `error`. A
 * resumed one without further messages responds with 204, which keeps a browser from reconnecting.
 */
export function serverSentEvents(
  print: PrintMessage,
  options: {
    names: EventNames;
    keepAliveMs: number;
    resumed: boolean;
    jsonOptions: Partial<JsonWriteOptions> | undefined;
  },
): StreamFormat {
  const { names, jsonOptions } = options;
  return {
    contentType: "text/event-stream",
    printMessage: (message) =>
      `${eventField("id", names.id(message))}${eventField("event", names.type(message))}data: ${print(message)}\n\n`,
    printError: (error) => `event: error\ndata: ${printError(error, jsonOptions)}\n\n`,
    keepAlive: { text: ": keep-alive\n\n", intervalMs: options.keepAliveMs },
    emptyStatus: options.resumed ? 204 : 200,
  };
}

/** A line break would begin another field, and clients ignore an id with NUL. */
function eventField(name: string, value: string | undefined): string {
  return value === undefined ? "" : `${name}: ${value.replaceAll(/[\r\n\0]/g, " ")}\n`;
}

/** Maximum time that the head of a response waits for the first message, in milliseconds, so that the client knows that it is connected. */
const HEAD_DELAY_MS = 1000;

/**
 * Writes a stream as text; resolves when it is complete. Rejects if it fails before the head was sent; a later error becomes the end of the
 * text.
 */
export async function answerStream(
  call: Call,
  stream: AsyncIterable<Message>,
  { format, toConnectError }: { format: StreamFormat; toConnectError: (error: unknown) => ConnectError },
): Promise<void> {
  const { response } = call;
  const sendHead = (status: number) => sendStreamHead(call, status, { "content-type": format.contentType });
  const headTimer = call.after(HEAD_DELAY_MS, () => response.headersSent || sendHead(200));
  const keepAlive = startKeepAlive(call, format);
  try {
    for await (const message of stream) {
      if (!response.headersSent) {
        sendHead(200);
      }
      if (response.writableEnded) {
        return;
      }
      await writePiece(response, format.printMessage(message), call);
      keepAlive?.refresh();
    }
    if (!response.headersSent) {
      sendHead(format.emptyStatus);
    }
    endStream(call);
  } catch (error) {
    if (!response.headersSent) {
      throw error;
    }
    endStream(call, format.printError(toConnectError(error)));
  } finally {
    clearTimeout(headTimer);
    clearInterval(keepAlive);
  }
}

/**
 * Writes the bytes of a stream of google.api.HttpBody as they arrive, with the head by the first message. Compresses them chunk by chunk if
 * the first chunk is large enough. Rejects if the stream fails; after the head was sent, the client notices only by the closed connection.
 */
export async function answerRawStream(call: Call, stream: AsyncIterable<Message>, endpoint: Endpoint): Promise<void> {
  let body: HttpBody | undefined;
  const { request, response } = call;
  const headers = (): Record<string, string> => ({ ...endpoint.rawHead(body), "accept-ranges": "none" });
  const headTimer = call.every(HEAD_DELAY_MS, () => {
    if (body !== undefined && !response.headersSent) sendStreamHead(call, 200, headers());
  });
  const pieces = piecesOf(stream);
  try {
    const { value: first = NOTHING } = await pieces.next();
    clearInterval(headTimer);
    let encoding: Encoding | undefined;
    if (!response.headersSent && !call.closed) {
      const head = headers();
      const isWorthIt = isCompressible(head["content-type"] ?? "", first.length);
      encoding = isWorthIt ? negotiateEncoding(request, response, { inPieces: true }) : undefined;
      sendStreamHead(call, 200, { ...head, ...(encoding && { "content-encoding": encoding }) });
    }
    const all = joinPieces(first, pieces);
    for await (const piece of encoding === undefined ? all : compressPieces(encoding, all)) {
      if (response.writableEnded) {
        return;
      }
      if (piece.length > 0) {
        await writePiece(response, piece, call);
      }
    }
    endStream(call);
  } finally {
    // Also if nothing reads on: HEAD, and a client that has left.
    await pieces.return(undefined);
  }

  async function* piecesOf(messages: AsyncIterable<Message>): AsyncGenerator<Uint8Array, undefined> {
    for await (const message of messages) {
      const next = httpBody(endpoint, message);
      body ??= next;
      if (next.data.length > 0) yield next.data;
    }
  }
}

const NOTHING = new Uint8Array(0);

function sendStreamHead(call: Call, status: number, head: Readonly<Record<string, string>>): void {
  const { request, response } = call;
  if (call.closed) {
    return;
  }
  call.copyHeaders();
  response.writeHead(status, status === 204 ? {} : { ...head, "cache-control": "no-cache" });
  if (request.method === "HEAD") {
    response.end();
    call.abort(new ConnectError("HEAD needs no messages", Code.Canceled));
    return;
  }
  response.flushHeaders?.();
}

function endStream(call: Call, text?: string): void {
  if (!call.closed && !call.response.writableEnded) {
    call.response.end(text);
  }
}

function startKeepAlive(call: Call, { keepAlive }: StreamFormat): NodeJS.Timeout | undefined {
  const { response } = call;
  return (
    keepAlive &&
    call.every(keepAlive.intervalMs, () => {
      if (response.headersSent && !call.closed && !response.writableEnded && !response.writableNeedDrain) {
        response.write(keepAlive.text);
      }
    })
  );
}
