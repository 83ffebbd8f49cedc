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
  /** Owned by the connection from now on. */
  readonly channel: Channel;
  readonly log: PluginLog;
}

interface ConnectionOptions {
  readonly asked: Asked;
  /** The plugin's response to the first handshake. */
  readonly first: HandshakeResponse;
  readonly timeoutMs: number;
}

interface CallSignal {
  readonly signal?: AbortSignal | undefined;
}

/** Connection to a started remote plugin. */
export interface Connection extends AsyncDisposable {
  /**
   * Calls a unary method with a deadline. After a restart of the plugin, repeats the handshake first. Rejects with a RemoteCallError, or
   * with the signal's reason.
   */
  call<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: MessageInitShape<Input>,
    options?: CallSignal,
  ): Promise<MessageShape<Output>>;
  /** Like `call`, with a serialized request. */
  callWith<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: Uint8Array,
    options?: CallSignal,
  ): Promise<MessageShape<Output>>;
  /** Calls a server-streaming method; the deadline applies to each message. Cancels the call when the consumer stops. */
  receive<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodServerStreaming<Input, Output>,
    request: MessageInitShape<Input>,
  ): AsyncGenerator<MessageShape<Output>, void>;
  /**
   * Sends a stream, after a handshake, because messages cannot be sent twice; the deadline applies whenever it waits for the plugin.
   * Rejects with a RemoteCallError, or with the error of the messages.
   */
  send<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodClientStreaming<Input, Output>,
    messages: AsyncIterable<MessageInitShape<Input>>,
  ): Promise<MessageShape<Output>>;
}

/** Disposing it waits for the pending calls. */
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
    log.info("plugin restarted and ready");
  }

  /** Shares one handshake among all callers. */
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

  // Logs once when the plugin becomes unavailable, and once when it is back.
  function noteAnswer(): void {
    if (isAway) log.info("plugin available again");
    isAway = false;
  }

  function noteFailure(error: unknown): void {
    if (isAway || !(error instanceof RemoteCallError && error.isAway)) return;
    isAway = true;
    log.warn("plugin unavailable", { err: error });
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

/** Removes undefined fields, as message initializers require. */
export function defined<Fields extends object>(fields: Fields): Given<Fields> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Given<Fields>;
}
