import { once } from "node:events";
import type { DescMessage, Message, MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { handleServerStreamingCall, ServerReadableStream, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import { toStatus } from "./refused.ts";

/** The signal is aborted when the caller has gone. */
interface CallOptions {
  readonly signal: AbortSignal;
}

/** Serves a request, or a stream of requests, with one response. */
export type Answer<Request, Output extends DescMessage> = (
  request: Request,
  options: CallOptions,
) => Promise<MessageInitShape<Output>>;

/** Serves a request with a stream of responses, no faster than the caller reads. */
export type StreamAnswer<Request, Output extends DescMessage> = (
  request: Request,
  options: CallOptions,
) => AsyncIterable<MessageInitShape<Output>>;

/** A call with one response; its stream of requests is the call itself. */
type OnceCall = ServerUnaryCall<Message, Message> | ServerReadableStream<Message, Message>;

/** A handler of grpc-js for a method with one response. */
export function answerOnce<Request>(answer: Answer<Request, DescMessage>, output: DescMessage) {
  return async (call: OnceCall, callback: sendUnaryData<Message>) => {
    // The request of the method, by its definition.
    const request = ("request" in call ? call.request : call) as Request;
    try {
      callback(null, create(output, await answer(request, { signal: signalOf(call) })));
    } catch (error) {
      callback(toStatus(error));
    }
  };
}

/** A handler of grpc-js for a method with a stream of responses. */
export function answerStream(
  answer: StreamAnswer<Message, DescMessage>,
  output: DescMessage,
): handleServerStreamingCall<Message, Message> {
  return async (call) => {
    const signal = signalOf(call);
    try {
      for await (const message of answer(call.request, { signal })) {
        signal.throwIfAborted();
        if (!call.write(create(output, message))) await once(call, "drain", { signal });
      }
      call.end();
    } catch (error) {
      // This makes grpc-js end a stream with a status.
      call.emit("error", toStatus(error));
    }
  };
}

function signalOf(call: { on(event: "cancelled", listener: () => void): unknown }): AbortSignal {
  const gone = new AbortController();
  call.on("cancelled", () => gone.abort(new Error("the caller has gone")));
  return gone.signal;
}
