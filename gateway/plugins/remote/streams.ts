import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, type ServiceError, status } from "@grpc/grpc-js";
import { fromBuffer } from "../../../proto/remote_plugin.ts";
import { RemoteCallError, toRemoteCallError } from "./remote_call_error.ts";
import { withResponseTimeout } from "./response_timeout.ts";

/** A method whose requests or answers come one after the other. */
export interface StreamMethod<Input extends DescMessage, Output extends DescMessage> {
  readonly path: string;
  readonly input: Input;
  readonly output: Output;
}

interface StreamOptions {
  /** The longest that the plugin may be silent while it is waited for, in milliseconds. */
  readonly responseTimeoutMs: number;
}

/**
 * Calls a method that answers with a stream, and reads that no faster than it is consumed. Rejects with a RemoteCallError. Ends the
 * call when the consumer stops.
 */
export async function* receiveStream<Input extends DescMessage, Output extends DescMessage>(
  client: Client,
  { path, input, output }: StreamMethod<Input, Output>,
  { request, responseTimeoutMs }: StreamOptions & { readonly request: MessageInitShape<Input> },
): AsyncGenerator<MessageShape<Output>, void> {
  const serialize = (message: MessageShape<Input>) => Buffer.from(toBinary(input, message));
  const deserialize = (bytes: Buffer) => fromBuffer(output, bytes);
  const call = client.makeServerStreamRequest(path, serialize, deserialize, create(input, request), {});
  // Reading tells of errors; one that comes when nobody reads any more is the end of a call that was cancelled.
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
 * Calls a method that takes a stream, and reads the messages no faster than the plugin takes them. Rejects with a RemoteCallError or
 * with what the messages throw; then, the call is cancelled.
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
  // The call may fail while only the messages are waited for.
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

  /** An answer that comes before the last message. */
  async function refused(): Promise<never> {
    await answered.promise;
    throw new RemoteCallError("the plugin answered before it had all", { code: status.INTERNAL });
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && "details" in error;
}
