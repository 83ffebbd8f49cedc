import type { DescMethod, DescService, JsonReadOptions, JsonWriteOptions, Message } from "@bufbuild/protobuf";
import type { CallContext, HttpRequest } from "./http/call.ts";

/**
 * Calls a method: returns a promise for a unary one, messages for a server-streaming one. Both must end when `call.signal` is aborted. A
 * ConnectError is sent to the client; any other error is masked.
 */
export type Invoke = (
  method: DescMethod,
  request: Message,
  call: CallContext,
) => Promise<Message> | AsyncIterable<Message>;

export interface TranscoderOptions {
  /** Methods without a `google.api.http` annotation are ignored. */
  readonly services: readonly DescService[];
  readonly invoke: Invoke;
  /**
   * Decodes `%2F` in a multi-segment path variable to a slash, as clients generated from an OpenAPI document send it. The default, by
   * google/api/http.proto, keeps it.
   */
  readonly decodesSlashes?: boolean | undefined;
  readonly limits?: BodyLimits | undefined;
  /** Keeps each `google.protobuf.Struct` of a request that nests no deeper than this as text (`keptText`), beside its value. Default: none. */
  readonly structLevels?: number | undefined;
  /** Applies to bodies, messages and error details. */
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  readonly events?: EventOptions | undefined;
  /** Additional headers of a response that is a google.api.HttpBody. */
  readonly rawHeaders?: ((contentType: string) => Readonly<Record<string, string>>) | undefined;
  /**
   * Called before the body of a request is read; a rejection is the response. A ConnectError is sent to the client; any other error is
   * masked.
   */
  readonly admit?: ((method: DescMethod, request: HttpRequest) => Promise<void>) | undefined;
  /** Called with each error that the client sees as "internal error" only. */
  readonly onInternalError?: ((error: unknown, method: DescMethod) => void) | undefined;
}

export interface BodyLimits {
  /** Size of a JSON body, in bytes; default: 4 MiB. */
  readonly bodyBytes?: number | undefined;
  /** Number of values and member names in a JSON body; default: no limit. */
  readonly bodyValues?: number | undefined;
  /** Size of a body that is a google.api.HttpBody, in bytes; default: `bodyBytes`. */
  readonly rawBodyBytes?: number | undefined;
}

/** Options of server-sent events, the format of streams for clients that accept `text/event-stream`. */
export interface EventOptions {
  /** The `id:` of a message, which the client sends as `Last-Event-ID` when it reconnects. */
  readonly eventId?: ((method: DescMethod, message: Message) => string | undefined) | undefined;
  /** The `event:` of a message. */
  readonly eventType?: ((method: DescMethod, message: Message) => string | undefined) | undefined;
  /** Proto names of the request fields for `Last-Event-ID`, each set in requests that have it. */
  readonly resumeFields?: readonly string[] | undefined;
  /** Idle time after which a comment is sent, in milliseconds; default: 15 000. */
  readonly keepAliveMs?: number | undefined;
}
