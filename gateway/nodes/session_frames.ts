import type { ClientDuplexStream } from "@grpc/grpc-js";
import { FrameWriter } from "../../cluster/mod.ts";
import type { GatewayMessage, OpenRequest, OpenResponse } from "../../proto/node.ts";

type Message = NonNullable<GatewayMessage["message"]>;

/** The frames of a gateway on one session: its messages, and the acknowledgements of events, which are batched per frame. */
export class SessionFrames extends FrameWriter<Message> {
  /** Numbers of events that the next frame acknowledges. */
  #acknowledged: number[] = [];

  constructor(stream: ClientDuplexStream<OpenRequest, OpenResponse>) {
    super(stream, { sizeOf, beforeFlush: () => this.#sendAcknowledged() });
  }

  /** Acknowledges an event with the next frame. */
  acknowledge(number: number): void {
    this.#acknowledged.push(number);
    this.schedule();
  }

  #sendAcknowledged(): void {
    if (this.#acknowledged.length === 0) return;
    const numbers = this.#acknowledged;
    this.#acknowledged = [];
    this.send({ $case: "acknowledgement", value: { numbers } });
  }
}

/** Approximate size of a message in bytes, exact for those that can be large. */
function sizeOf(message: Message): number {
  if (message.$case === "runJob") return message.value.config.length + 1024;
  return message.$case === "blobChunk" ? message.value.bytes.length + 16 : 256;
}
