import type { DescService, Message, MessageShape } from "@bufbuild/protobuf";
import type { Guard } from "../access/mod.ts";

/** What a method knows of the call that it serves, whichever surface it came by. */
export interface Call {
  /** Aborted when the caller left, its deadline passed or the gateway closes. */
  readonly signal: AbortSignal;
  readonly requestHeader: Headers;
  readonly responseHeader: Headers;
}

/** A service as Hearth implements it: unary methods answer a message, server-streaming ones a stream of messages. */
export type Implementation<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Service["method"][Name]["methodKind"] extends "server_streaming"
    ? (
        request: MessageShape<Service["method"][Name]["input"]>,
        call: Call,
        guard: Guard,
      ) => AsyncIterable<MessageShape<Service["method"][Name]["output"]>>
    : (
        request: MessageShape<Service["method"][Name]["input"]>,
        call: Call,
        guard: Guard,
      ) => Promise<MessageShape<Service["method"][Name]["output"]>>;
};

/** What a method answers: a promise for unary methods, a stream for server-streaming ones. */
export type Answer = Promise<Message> | AsyncIterable<Message>;

/** A method as a function, whatever its types. */
export type Method = (request: Message, call: Call, guard: Guard) => Answer;
