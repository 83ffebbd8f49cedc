import type {
  DescMessage,
  DescMethod,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { type ChannelCredentials, Client } from "@grpc/grpc-js";
import { fromBuffer, loadService } from "../../../proto/remote_plugin.ts";
import { toRemoteCallError } from "./remote_call_error.ts";
import { receiveStream, sendStream } from "./streams.ts";

export interface CallOptions {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

/** A gRPC connection that reconnects with back-off. Calls fail at once while it is not connected. */
export interface Channel extends Disposable {
  /** Sends a serialized request. Rejects with a RemoteCallError, or with the signal's reason. */
  call<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodUnary<Input, Output>,
    request: Uint8Array,
    options: CallOptions,
  ): Promise<MessageShape<Output>>;
  /** See `receiveStream`. */
  receive<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodServerStreaming<Input, Output>,
    options: { readonly request: MessageInitShape<Input>; readonly responseTimeoutMs: number },
  ): AsyncGenerator<MessageShape<Output>, void>;
  /** See `sendStream`. */
  send<Input extends DescMessage, Output extends DescMessage>(
    method: DescMethodClientStreaming<Input, Output>,
    options: { readonly messages: AsyncIterable<MessageInitShape<Input>>; readonly responseTimeoutMs: number },
  ): Promise<MessageShape<Output>>;
}

/** Opens a channel to services of a plugin. It connects with the first call. */
export async function openChannel(
  target: string,
  { credentials, services }: { credentials: ChannelCredentials; services: readonly DescService[] },
): Promise<Channel> {
  const loaded = await Promise.all(services.map(loadService));
  const paths = new Map(services.flatMap(({ methods }, n) => methods.map((of) => [of, loaded[n]?.[of.name]?.path])));
  const client = new Client(target, credentials, {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 5_000,
    // Detects a plugin whose machine has vanished.
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    // Ignores a service configuration in DNS, which could change deadlines and retries.
    "grpc.service_config_disable_resolution": 1,
  });

  function pathOf(method: DescMethod): string {
    const path = paths.get(method);
    if (path === undefined) throw new Error(`Cannot call "${method.name}": the channel has no such method`);
    return path;
  }

  return {
    async call(method, request, { deadline, signal }) {
      signal?.throwIfAborted();
      const answered = Promise.withResolvers<MessageShape<typeof method.output>>();
      const call = client.makeUnaryRequest(
        pathOf(method),
        (sent: Buffer) => sent,
        (received) => fromBuffer(method.output, received),
        Buffer.from(request.buffer, request.byteOffset, request.byteLength),
        { deadline },
        (error, answer) => {
          if (error === null && answer !== undefined) answered.resolve(answer);
          else if (error !== null) answered.reject(toRemoteCallError(error));
        },
      );
      const abort = () => {
        answered.reject(signal?.reason);
        call.cancel();
      };
      signal?.addEventListener("abort", abort);
      try {
        return await answered.promise;
      } finally {
        signal?.removeEventListener("abort", abort);
      }
    },
    receive: (method, options) => receiveStream(client, { ...method, path: pathOf(method) }, options),
    send: (method, options) => sendStream(client, { ...method, path: pathOf(method) }, options),
    [Symbol.dispose]: () => client.close(),
  };
}
