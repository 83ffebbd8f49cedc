import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, type ServiceError, status } from "@grpc/grpc-js";
import { fromBuffer } from "../../../proto/remote_plugin.ts";
import { RemoteCallError, toRemoteCallError } from "./remote_call_error.ts";
import { withResponseTimeout } from "./response_timeout.ts";

/** A method with a stream of requests or responses. */
export interface StreamMethod<Input extends DescMessage, Output extends DescMessage> {
  readonly path: string;
  readonly input: Input;
  readonly output: Output;
}

interface StreamOptions {
  /** Timeout of each wait for the plugin, in milliseconds. */
  readonly responseTimeoutMs: number;
}

/**
 * Calls a server-streaming method, and reads no faster than the consumer. Rejects with a RemoteCallError. Cancels the call when the
 * consumer stops.
 */
export async function* receiveStream<Input extends DescMessage, Output extends DescMessage>(
  client: Client,
  { path, input, output }: StreamMethod<Input, Output>,
  { request, responseTimeoutMs }: StreamOptions & { readonly request: MessageInitShape<Input> },
): AsyncGenerator<MessageShape<Output>, void> {
  const serialize = (message: MessageShape<Input>) => Buffer.from(toBinary(input, message));
  const deserialize = (bytes: Buffer) => fromBuffer(output, bytes);
  const call = client.makeServerStreamRequest(path, serialize, deserialize, create(input, request), {});
  // Reading reports errors; a later one is the end of a cancelled call.
  call.on("error", () => {});
  const messages: AsyncIterator<MessageShape<Output>> = call[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withResponseTimeout(messages.next(), responseTimeoutMs);
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    throw isServiceError(error) ? toRemoteCallError(error) : error;
  } finally {
    call.cancel();
  }
}

/**
 * Calls a client-streaming method, and reads the messages no faster than the plugin does. Rejects with a RemoteCallError, or with the error
 * of the messages after cancelling the call.
 */
export async function sendStream<Input extends DescMessage, Output extends DescMessage>(
  client: Client,
  { path, input, output }: StreamMethod<Input, Output>,
  { messages, responseTimeoutMs }: StreamOptions & { readonly messages: AsyncIterable<MessageInitShape<Input>> },
): Promise<MessageShape<Output>> {
  const answered = Promise.withResolvers<MessageShape<Output>>();
  let isOver = false;
  const call = client.makeClientStreamRequest(
    path,
    (message: MessageShape<Input>) => Buffer.from(toBinary(input, message)),
    (bytes) => fromBuffer(output, bytes),
    {},
    (error, answer) => {
      if (error === null && answer !== undefined) answered.resolve(answer);
      else if (error !== null) answered.reject(toRemoteCallError(error));
      isOver = true;
    },
  );
  // The call may fail while it waits for the next message only.
  const over = Promise.allSettled([answered.promise]);
  try {
    for await (const message of messages) {
      const isRoom = call.write(create(input, message));
      if (!isRoom || isOver) await withResponseTimeout(Promise.race([drained(), refused()]), responseTimeoutMs);
    }
    call.end();
    return await withResponseTimeout(answered.promise, responseTimeoutMs);
  } finally {
    call.cancel();
    await over;
  }

  function drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    call.once("drain", resolve);
    return promise;
  }

  /** Rejects if the response arrives before the last message. */
  async function refused(): Promise<never> {
    await answered.promise;
    throw new RemoteCallError("the plugin responded before it had received everything", { code: status.INTERNAL });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
