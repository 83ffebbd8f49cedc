import type { DescMethod } from "@bufbuild/protobuf";
import type { Compression, UniversalServerRequest } from "@connectrpc/connect/protocol";
import { countJson } from "../../../lib/transcode/mod.ts";
import { jsonTooLarge, tooManyValues } from "../../../proto/errors.ts";
import { MOST_VALUES, RPC_JSON_BYTES } from "../../limits.ts";
import { COMPRESSIONS } from "./compressions.ts";
import { countMessage } from "./message_values.ts";

/** Content types of Connect, gRPC and gRPC-Web. Streams of Connect, gRPC and gRPC-Web have an envelope around each message. */
const CONTENT_TYPE = /^application\/(?:(grpc-web|grpc|connect)(?:\+(proto|json))?|(proto|json))\s*(?:;|$)/i;

/** Names of the headers with the compression of enveloped messages. */
const ENVELOPE_ENCODINGS: Readonly<Record<string, string>> = {
  grpc: "grpc-encoding",
  "grpc-web": "grpc-encoding",
  connect: "connect-content-encoding",
};

const ENVELOPE_BYTES = 5;
const COMPRESSED = 1;

interface Bounds {
  readonly method: DescMethod;
  /** Maximum size of a message. Larger ones pass unchecked: the protocol rejects them. */
  readonly messageBytes: number;
}

type Body = AsyncIterable<Uint8Array>;

/** The encoding of the messages in a body. */
interface Encoding {
  readonly isJson: boolean;
  readonly compression: Compression | undefined;
}

/**
 * Returns the body of a call, message by message; the values of each are counted before the protocol decodes it. Iteration throws
 * InvalidArgument for a message with too many values.
 */
export function boundBody({ header, ...request }: UniversalServerRequest, bounds: Bounds): Body {
  // Not parsed by anything before.
  const body = request.body as Body;
  const [, protocol, enveloped, plain] = CONTENT_TYPE.exec(header.get("content-type") ?? "") ?? [];
  const encoding = header.get(ENVELOPE_ENCODINGS[protocol?.toLowerCase() ?? ""] ?? "content-encoding");
  const compression = COMPRESSIONS.find(({ name }) => name === encoding);
  const isJson = (enveloped ?? plain)?.toLowerCase() === "json";
  const messages = { isJson, compression };
  // The usual case: a body this small cannot have too many values.
  if (encoding === null && Number(header.get("content-length") ?? Number.NaN) <= MOST_VALUES) return body;
  return protocol === undefined ? boundWhole(body, messages, bounds) : boundEnveloped(body, messages, bounds);
}

/** Checks the message in the query of a GET call (https://connectrpc.com/docs/protocol/#unary-get-request). Rejects as `boundBody` throws. */
export async function boundQuery({ url }: UniversalServerRequest, bounds: Bounds): Promise<void> {
  const { searchParams: query } = new URL(url);
  const text = query.get("message") ?? "";
  const compression = COMPRESSIONS.find(({ name }) => name === query.get("compression"));
  const message = query.get("base64") === "1" ? Buffer.from(text, "base64url") : Buffer.from(text);
  await check(Uint8Array.from(message), { isJson: query.get("encoding") === "json", compression }, bounds);
}

async function* boundWhole(body: Body, encoding: Encoding, bounds: Bounds): AsyncGenerator<Uint8Array> {
  const held = new Held();
  let isTooLong = false;
  for await (const chunk of body) {
    held.add(chunk);
    isTooLong ||= held.sizeBytes > bounds.messageBytes;
    if (isTooLong) yield held.take(held.sizeBytes);
  }
  const message = held.take(held.sizeBytes);
  if (!isTooLong) await check(message, encoding, bounds);
  yield message;
}

async function* boundEnveloped(body: Body, encoding: Encoding, bounds: Bounds): AsyncGenerator<Uint8Array> {
  const held = new Held();
  let isTooLong = false;
  for await (const chunk of body) {
    held.add(chunk);
    while (!isTooLong) {
      const sizeBytes = held.envelopeBytes();
      isTooLong = sizeBytes > bounds.messageBytes + ENVELOPE_BYTES;
      if (isTooLong || sizeBytes > held.sizeBytes) break;
      const next = held.take(sizeBytes);
      const isCompressed = ((next[0] ?? 0) & COMPRESSED) !== 0;
      const message = next.subarray(ENVELOPE_BYTES);
      await check(message, { ...encoding, compression: isCompressed ? encoding.compression : undefined }, bounds);
      yield next;
    }
    if (isTooLong) yield held.take(held.sizeBytes);
  }
  // The protocol rejects an incomplete envelope.
  if (held.sizeBytes > 0) yield held.take(held.sizeBytes);
}

async function check(
  message: Uint8Array,
  { isJson, compression }: Encoding,
  { method, messageBytes }: Bounds,
): Promise<void> {
  if (compression === undefined && message.length <= MOST_VALUES) return;
  const bytes = compression === undefined ? message : await compression.decompress(message, messageBytes);
  if (isJson && bytes.length > RPC_JSON_BYTES) throw jsonTooLarge(bytes.length, RPC_JSON_BYTES);
  const count = isJson ? countJson(bytes) : countMessage(method.input, bytes, MOST_VALUES);
  if (count > MOST_VALUES) throw tooManyValues(count, MOST_VALUES);
}

/** Bytes that were received but not passed on yet. */
class Held {
  #chunks: Uint8Array[] = [];
  sizeBytes = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.sizeBytes += chunk.length;
  }

  /** Removes and returns the first bytes. */
  take(sizeBytes: number): Uint8Array {
    const all = this.#whole();
    this.#chunks = sizeBytes < all.length ? [all.subarray(sizeBytes)] : [];
    this.sizeBytes -= sizeBytes;
    return all.subarray(0, sizeBytes);
  }

  /** Size of the next envelope, which may not be complete; more than the held bytes if its head is incomplete. */
  envelopeBytes(): number {
    if (this.sizeBytes < ENVELOPE_BYTES) return this.sizeBytes + 1;
    const first = this.#chunks[0] as Uint8Array;
    const head = first.length < ENVELOPE_BYTES ? this.#whole() : first;
    return ENVELOPE_BYTES + new DataView(head.buffer, head.byteOffset).getUint32(1);
  }

  #whole(): Uint8Array {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Uint8Array;
  }
}
