import type { DescMethod, DescService, JsonReadOptions, JsonWriteOptions, Message } from "@bufbuild/protobuf";
import type { CallContext, HttpRequest } from "./http/call.ts";

/**
 * Calls a method: a promise for a unary one, messages for one with a stream of responses. Either must end when `call.signal` is
 * aborted. A ConnectError is sent to the client; anything else is masked.
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
  /**
   * Takes `%2F` in a path variable of several segments for a slash, which is how clients made from an OpenAPI document send one. By
   * google/api/http.proto it stays as it is, the default.
   */
  readonly decodesSlashes?: boolean | undefined;
  readonly limits?: BodyLimits | undefined;
  /**
   * Each `google.protobuf.Struct` of a request that nests no deeper than this is kept as the text that it is (`keptText`), besides its
   * value. By default none is.
   */
  readonly structLevels?: number | undefined;
  /** For bodies, messages and the details of errors. */
  readonly jsonOptions?: Partial<JsonReadOptions & JsonWriteOptions> | undefined;
  readonly events?: EventOptions | undefined;
  /** Headers of an answer that is a google.api.HttpBody, besides its type. */
  readonly rawHeaders?: ((contentType: string) => Readonly<Record<string, string>>) | undefined;
  /**
   * Asked before the body of a request is read; what it rejects with is the answer. A ConnectError is sent to the client; anything
   * else is masked.
   */
  readonly admit?: ((method: DescMethod, request: HttpRequest) => Promise<void>) | undefined;
  /** Told of each error that the client sees as "internal error" only. */
  readonly onInternalError?: ((error: unknown, method: DescMethod) => void) | undefined;
}

export interface BodyLimits {
  /** Bytes of a JSON body; default 4 MiB. */
  readonly bodyBytes?: number | undefined;
  /** Values and names of members in a JSON body; default no limit. */
  readonly bodyValues?: number | undefined;
  /** Bytes of a body that is a google.api.HttpBody; default `bodyBytes`. */
  readonly rawBodyBytes?: number | undefined;
}

/** Server-sent events: what a stream of responses is to a client that accepts `text/event-stream`. */
export interface EventOptions {
  /** The `id:` of a message, which the client sends back as `Last-Event-ID` when it connects again. */
  readonly eventId?: ((method: DescMethod, message: Message) => string | undefined) | undefined;
  /** The `event:` of a message. */
  readonly eventType?: ((method: DescMethod, message: Message) => string | undefined) | undefined;
  /** Proto names of the request fields that take `Last-Event-ID`, each in requests that have it. */
  readonly resumeFields?: readonly string[] | undefined;
  /** Milliseconds of silence after which a comment is sent; default 15 000. */
  readonly keepAliveMs?: number | undefined;
}
