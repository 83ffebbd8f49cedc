import type { DescService, Message, MessageShape } from "@bufbuild/protobuf";
import type { Authorization } from "../access/mod.ts";

/** The context of a call, independent of the API that received it. */
export interface Call {
  /** Aborted when the caller leaves, the deadline passes or the gateway closes. */
  readonly signal: AbortSignal;
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
}

/** The implementation of a service: unary methods return a message, server-streaming ones a stream of messages. */
export type Implementation<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name]["methodKind"] extends "server_streaming"
    ? (
        request: MessageShape<Service["method"][Name]["input"]>,
        call: Call,
        authorization: Authorization,
      ) => AsyncIterable<MessageShape<Service["method"][Name]["output"]>>
    : (
        request: MessageShape<Service["method"][Name]["input"]>,
        call: Call,
        authorization: Authorization,
      ) => Promise<MessageShape<Service["method"][Name]["output"]>>;
};

/** The result of a method: a promise for unary methods, a stream for server-streaming ones. */
export type MethodResult = Promise<Message> | AsyncIterable<Message>;

/** A method as a function of untyped messages. */
export type Method = (request: Message, call: Call, authorization: Authorization) => MethodResult;
