import {
  create,
  type DescMessage,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { PluginLog } from "../../../plugins/contract/mod.ts";
import type { HandshakeResponse } from "../../../proto/remote_plugin.ts";
import type { Channel } from "./channel.ts";
import { type Asked, requireSame, shakeHands } from "./handshake.ts";
import { RemoteCallError } from "./remote_call_error.ts";

interface ConnectionDeps {
  /** Owned by the connection from then on. */
  readonly channel: Channel;
  readonly log: PluginLog;
}

interface ConnectionOptions {
  readonly asked: Asked;
  /** What the plugin answered to that. */
  readonly first: HandshakeResponse;
  readonly timeoutMs: number;
}

interface CallSignal {
  readonly signal?: AbortSignal | undefined;
}

/** What is left of a plugin out of process once it was started: calls, which it answers or not. */
export interface Connection extends AsyncDisposable {
  /**
   * Calls with a deadline. When the plugin was started anew, does the handshake again before. Rejects with a RemoteCallError, or with
   * the signal's reason.
   */
  call<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: MessageInitShape<Input>,
    options?: CallSignal,
  ): Promise<MessageShape<Output>>;
  /** As `call`, with a request that is written already. */
  callWith<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: Uint8Array,
    options?: CallSignal,
  ): Promise<MessageShape<Output>>;
  /** Calls a method that answers with a stream, as `call` does; the deadline is for each answer. The call ends when the consumer stops. */
  receive<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodServerStreaming<Input, Output>,
    request: MessageInitShape<Input>,
  ): AsyncGenerator<MessageShape<Output>, void>;
  /**
   * Sends a stream, after a handshake, because messages cannot be sent twice; the deadline is for what the plugin is waited for.
   * Rejects with a RemoteCallError, or with what the messages throw.
   */
  send<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodClientStreaming<Input, Output>,
    messages: AsyncIterable<MessageInitShape<Input>>,
  ): Promise<MessageShape<Output>>;
}

/** Disposing it lets the calls that were made come to their ends. */
export function createConnection(deps: ConnectionDeps, { asked, first, timeoutMs }: ConnectionOptions): Connection {
  const { channel, log } = deps;
  const inFlight = new Set<Promise<unknown>>();
  let renewal: Promise<void> | undefined;
  let isAway = false;
  let isClosed = false;

  async function greet(): Promise<void> {
    requireSame(first, await shakeHands(channel, asked, { deadline: Date.now() + timeoutMs }));
  }

  async function renew(): Promise<void> {
    await greet();
    log.info("the plugin was started anew and is ready again");
  }

  /** One handshake for all who wait for one. */
  function renewed(): Promise<void> {
    renewal ??= renew().finally(() => {
      renewal = undefined;
    });
    return renewal;
  }

  async function whenReady<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      if (!asksForHandshake(error)) throw error;
    }
    await renewed();
    return call();
  }

  async function* receiveWhenReady<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodServerStreaming<Input, Output>,
    request: MessageInitShape<Input>,
  ): AsyncGenerator<MessageShape<Output>, void> {
    const options = { request, responseTimeoutMs: timeoutMs };
    let hasBegun = false;
    try {
      for await (const message of channel.receive(method, options)) {
        hasBegun = true;
        yield message;
      }
      return;
    } catch (error) {
      if (hasBegun || !asksForHandshake(error)) throw error;
    }
    await renewed();
    yield* channel.receive(method, options);
  }

  // The operator is told once when the plugin goes, and once when it is back.
  function noteAnswer(): void {
    if (isAway) log.info("the plugin answers again");
    isAway = false;
  }

  function noteFailure(error: unknown): void {
    if (isAway || !(error instanceof RemoteCallError && error.isAway)) return;
    isAway = true;
    log.warn("the plugin does not answer", { err: error });
  }

  async function watched<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      const answered = await answer;
      noteAnswer();
      return answered;
    } catch (error) {
      noteFailure(error);
      throw error;
    }
  }

  function requireOpen(): void {
    if (isClosed) throw new RemoteCallError("the connection is closed", { code: status.CANCELLED });
  }

  async function track<Answer>(answer: Promise<Answer>): Promise<Answer> {
    inFlight.add(answer);
    try {
      return await answer;
    } finally {
      inFlight.delete(answer);
    }
  }

  async function callWith<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: Uint8Array,
    { signal }: CallSignal = {},
  ): Promise<MessageShape<Output>> {
    requireOpen();
    const options = { deadline: Date.now() + timeoutMs, signal };
    return track(watched(whenReady(() => channel.call(method, request, options))));
  }

  return {
    call: (method, request, options) =>
      callWith(method, toBinary(method.input, create(method.input, request)), options),
    callWith,
    async *receive(method, request) {
      requireOpen();
      try {
        yield* receiveWhenReady(method, request);
        noteAnswer();
      } catch (error) {
        noteFailure(error);
        throw error;
      }
    },
    async send(method, messages) {
      requireOpen();
      const sent = async () => {
        await greet();
        return channel.send(method, { messages, responseTimeoutMs: timeoutMs });
      };
      return track(watched(sent()));
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      await Promise.allSettled(inFlight);
      channel[Symbol.dispose]();
    },
  };
}

function asksForHandshake(error: unknown): boolean {
  return error instanceof RemoteCallError && error.code === status.FAILED_PRECONDITION;
}

type Given<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** The fields that have values, the way messages are made. */
export function defined<Fields extends object>(fields: Fields): Given<Fields> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Given<Fields>;
}
