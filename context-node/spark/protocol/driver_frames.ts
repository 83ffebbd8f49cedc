import { Kind, type NodeMessage, Violation } from "./driver_protocol.ts";

const LENGTH_BYTES = 4;
const KIND_BYTES = 1;
const NUMBER_BYTES = 4;

/** One frame of a driver. */
export interface Frame {
  readonly kind: number;
  readonly payload: Buffer;
}

/** Splits a stream of chunks into frames. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;
  #limitBytes: number;

  /** A frame above the limit is a violation, so the reader buffers at most one frame and one chunk. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  set limitBytes(bytes: number) {
    this.#limitBytes = bytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** Returns the next frame, or undefined while it is incomplete. Throws a Violation. */
  next(): Frame | undefined {
    if (this.#size < LENGTH_BYTES) return undefined;
    const length = this.#peekLength();
    if (length < KIND_BYTES || length > this.#limitBytes)
      throw new Violation(`a frame of ${length} bytes; at most ${this.#limitBytes} are allowed`);
    if (this.#size < LENGTH_BYTES + length) return undefined;
    const whole = this.#join();
    const end = LENGTH_BYTES + length;
    const rest = whole.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    return { kind: whole.readUInt8(LENGTH_BYTES), payload: whole.subarray(LENGTH_BYTES + KIND_BYTES, end) };
  }

  #peekLength(): number {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= LENGTH_BYTES) return first.readUInt32BE();
    return this.#join().readUInt32BE();
  }

  #join(): Buffer {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const whole = Buffer.concat(this.#chunks, this.#size);
    this.#chunks = [whole];
    return whole;
  }
}

export function encodeMessage(message: NodeMessage): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  return Buffer.concat([header(Kind.MESSAGE, payload.length), payload]);
}

/** Encodes the header of a frame with a part of requested content. The part follows the header. */
export function contentHeader(request: number, sizeBytes: number): Buffer {
  const number = Buffer.alloc(NUMBER_BYTES);
  number.writeUInt32BE(request);
  return Buffer.concat([header(Kind.CONTENT, NUMBER_BYTES + sizeBytes), number]);
}

/** Parses the payload of a part: its number and its bytes. Throws a Violation. */
export function parsePart(payload: Buffer): { number: number; bytes: Buffer } {
  if (payload.length <= NUMBER_BYTES) throw new Violation("a part without bytes");
  return { number: payload.readUInt32BE(), bytes: payload.subarray(NUMBER_BYTES) };
}

function header(kind: number, sizeBytes: number): Buffer {
  const head = Buffer.alloc(LENGTH_BYTES + KIND_BYTES);
  head.writeUInt32BE(KIND_BYTES + sizeBytes);
  head.writeUInt8(kind, LENGTH_BYTES);
  return head;
}
