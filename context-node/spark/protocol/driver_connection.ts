import type { Socket } from "node:net";
import type { LineScheduler, LineSource } from "../../line_scheduler.ts";
import { contentHeader, encodeMessage, type Frame, type FrameReader, parsePart } from "./driver_frames.ts";
import { parseDriverMessage } from "./driver_messages.ts";
import {
  BEAT_MS,
  DRIVER_SILENCE_MS,
  type DriverMessage,
  Kind,
  LARGEST_DRIVER_FRAME_BYTES,
  LARGEST_NODE_FRAME_BYTES,
  type NodeMessage,
  Violation,
} from "./driver_protocol.ts";

/** Size of unwritten data, in bytes, beyond which `sendContent` waits. */
const MOST_UNWRITTEN_BYTES = 1024 * 1024;

/** Delay of a timer that shows that this process itself was paused, in milliseconds. */
const STANDSTILL_MS = 1000;

/** Receives what a driver sends. An exception ends the connection as violated. */
export interface DriverListener {
  received(message: Exclude<DriverMessage, { type: "beat" }>): void;
  part(run: number, bytes: Buffer): void;
}

/** Why a connection ended. */
export type ConnectionEnd =
  /** Either end closed it. */
  | { readonly type: "closed" }
  | { readonly type: "silent"; readonly message: string }
  | { readonly type: "violated"; readonly message: string };

/** The node's end of the connection of an authenticated driver. */
export interface DriverConnection {
  /** Resolves after the last message. Never rejects. */
  readonly ended: Promise<ConnectionEnd>;
  /** Delivers messages to this listener. Until the first call, messages wait. */
  listen(listener: DriverListener): void;
  send(message: NodeMessage): void;
  /** Sends a part of requested content. Resolves when more may be sent; rejects if the connection has ended. */
  sendContent(request: number, bytes: Uint8Array): Promise<void>;
  close(): void;
  /** Ends the connection because of a violation. */
  condemn(message: string): void;
}

interface ConnectionDeps {
  readonly scheduler: LineScheduler;
  readonly log: { warn(fields: object, message: string): void };
  /** Default `DRIVER_SILENCE_MS`. */
  readonly silenceMs?: number | undefined;
}

/** Takes over a socket. `reader` holds what arrived after the first message. */
export function openConnection(deps: ConnectionDeps, socket: Socket, reader: FrameReader): DriverConnection {
  const { scheduler, log, silenceMs = DRIVER_SILENCE_MS } = deps;
  const ended = Promise.withResolvers<ConnectionEnd>();
  let end: ConnectionEnd | undefined;
  let listener: DriverListener | undefined;
  let isClosed = false;
  let receivedAt = performance.now();
  let beatAt = receivedAt;
  /** When the driver last read some of the data that waits for it. */
  let drainedAt = receivedAt;
  let flushedBytes = 0;
  reader.limitBytes = LARGEST_DRIVER_FRAME_BYTES;

  function endWith(known: ConnectionEnd): void {
    end ??= known;
    socket.destroy();
  }

  const source: LineSource = {
    takeLine() {
      if (listener === undefined || end !== undefined) return false;
      try {
        const frame = reader.next();
        if (frame !== undefined) deliver(listener, frame);
        else if (isClosed) ended.resolve({ type: "closed" });
        else socket.resume();
        return frame !== undefined;
      } catch (error) {
        if (!(error instanceof Violation)) log.warn({ err: error }, "Spark driver message handling failed");
        condemn(error instanceof Violation ? error.message : "a message that the node cannot handle");
        return false;
      }
    },
  };

  function deliver(to: DriverListener, { kind, payload }: Frame): void {
    if (kind === Kind.PART) {
      const { number, bytes } = parsePart(payload);
      return to.part(number, bytes);
    }
    if (kind !== Kind.MESSAGE) throw new Violation(`a frame of the unknown kind ${kind}`);
    const message = parseDriverMessage(payload);
    if (message.type !== "beat") to.received(message);
  }

  function condemn(what: string): void {
    endWith({ type: "violated", message: `The Spark driver violated its protocol and was ended: ${what}` });
    if (isClosed && end !== undefined) ended.resolve(end);
  }

  socket.on("data", (chunk: Buffer) => {
    receivedAt = performance.now();
    reader.push(chunk);
    socket.pause();
    scheduler.offer(source);
  });
  // `close` follows an error, and reports the end.
  socket.on("error", () => {});
  socket.on("close", () => {
    isClosed = true;
    clearInterval(timer);
    if (end !== undefined) return ended.resolve(end);
    // Delivers what has arrived before it ends.
    if (listener === undefined) ended.resolve({ type: "closed" });
    else scheduler.offer(source);
  });

  const timer = setInterval(() => {
    const now = performance.now();
    if (now - beatAt > BEAT_MS + STANDSTILL_MS) receivedAt = drainedAt = now;
    beatAt = now;
    const flushed = socket.bytesWritten - socket.writableLength;
    if (socket.writableLength === 0 || flushed > flushedBytes) drainedAt = now;
    flushedBytes = flushed;
    const seconds = silenceMs / 1000;
    if (now - receivedAt > silenceMs)
      return endWith({ type: "silent", message: `The Spark driver sent nothing for ${seconds} s` });
    if (now - drainedAt > silenceMs)
      return endWith({ type: "silent", message: `The Spark driver read nothing for ${seconds} s` });
    send({ type: "beat" });
  }, BEAT_MS);
  timer.unref();

  function send(message: NodeMessage): void {
    if (!socket.writable) return;
    const frame = encodeMessage(message);
    if (frame.length > LARGEST_NODE_FRAME_BYTES)
      throw new RangeError(`A message of ${frame.length} bytes; a Spark driver takes ${LARGEST_NODE_FRAME_BYTES}`);
    socket.write(frame);
  }

  return {
    ended: ended.promise,
    listen(next) {
      listener = next;
      scheduler.offer(source);
    },
    send,
    async sendContent(request, bytes) {
      if (!socket.writable) throw new Error("The Spark driver has disconnected");
      socket.write(contentHeader(request, bytes.byteLength));
      socket.write(bytes);
      if (socket.writableLength > MOST_UNWRITTEN_BYTES) await drained(socket);
    },
    close: () => endWith({ type: "closed" }),
    condemn,
  };
}

/** Resolves when the socket has drained; rejects if it closes before. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      socket.off("drain", settle).off("close", settle);
      if (socket.destroyed) reject(new Error("The Spark driver has disconnected"));
      else resolve();
    };
    socket.on("drain", settle).on("close", settle);
  });
}
