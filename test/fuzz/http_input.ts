import { deflateRawSync, gzipSync } from "node:zlib";
import { FLAG, FRAME, frame, headerBlock, PREFACE, reset, settings } from "../http/http2_frames.ts";
import { BODIES, CONTENT_TYPES, HEADERS, METHODS, PATHS } from "./http_vocabulary.ts";
import type { Random } from "./random.ts";

type Credentials = Readonly<Record<string, string>>;

function body(random: Random): Buffer {
  if (random.chance(0.2)) return random.bytes(random.below(300));
  const bytes = Buffer.from(random.pick(BODIES));
  if (random.chance(0.1)) return gzipSync(bytes);
  return random.chance(0.05) ? deflateRawSync(bytes) : bytes;
}

/** A message in the envelope of gRPC and of Connect's streams, its flags and length not always true. */
function envelope(random: Random): Buffer {
  const message = body(random);
  const head = Buffer.alloc(5);
  head[0] = random.chance(0.7) ? 0 : random.below(256);
  head.writeUInt32BE(random.chance(0.8) ? message.length : random.below(2 ** 32), 1);
  return Buffer.concat([head, message]);
}

function content(random: Random, type: string): Buffer {
  const isEnveloped = /grpc|connect/.test(type) !== random.chance(0.1);
  if (!isEnveloped) return body(random);
  return Buffer.concat(Array.from({ length: random.below(3) + 1 }, () => envelope(random)));
}

/** Headers of a request without those of its protocol. */
function headers(
  random: Random,
  credentials: Credentials,
): { readonly type: string; readonly all: (readonly [string, string])[] } {
  const type = random.pick(CONTENT_TYPES);
  const some = Array.from({ length: random.below(4) }, () => random.pick(HEADERS));
  const proof = random.chance(0.5) ? Object.entries(credentials) : [];
  return { type, all: [...(type === "" ? [] : [["content-type", type] as const]), ...proof, ...some] };
}

function http1Request(random: Random, credentials: Credentials): Buffer {
  const { type, all } = headers(random, credentials);
  const bytes = content(random, type);
  const chunk = (part: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n")]);
  const framing = random.below(6);
  const sized = [
    [`content-length: ${bytes.length}`],
    ["transfer-encoding: chunked"],
    [`content-length: ${random.below(100)}`],
    [`content-length: ${bytes.length}`, "transfer-encoding: chunked"],
    ["transfer-encoding: chunked, identity", "transfer-encoding: x"],
    [],
  ][framing] as string[];
  const chunked = Buffer.concat([
    chunk(bytes.subarray(0, 3)),
    chunk(bytes.subarray(3)),
    Buffer.from("0\r\nx-trailer: 1\r\n\r\n"),
  ]);
  const broken = Buffer.from("zz\r\nnonsense\r\n-1\r\n\r\n");
  const sent = framing === 0 || framing === 2 || framing === 5 ? bytes : random.chance(0.7) ? chunked : broken;
  const host = random.chance(0.9) ? ["host: localhost"] : [];
  const version = random.chance(0.9) ? "HTTP/1.1" : random.chance(0.5) ? "HTTP/1.0" : "HTTP/9.9";
  const end = random.chance(0.9) ? "\r\n" : random.chance(0.5) ? "\n" : "\r\n ";
  const lines = [
    `${random.pick(METHODS)} ${random.pick(PATHS)} ${version}`,
    ...host,
    ...sized,
    ...all.map(([name, value]) => `${name}${random.chance(0.95) ? ":" : random.pick([" :", "", ":\0"])} ${value}`),
  ];
  return Buffer.concat([Buffer.from(`${lines.join(end)}${end}${random.chance(0.95) ? end : ""}`, "latin1"), sent]);
}

/** What a client says in HTTP/1.1: requests one behind the other, some of them half, some of them none. */
function http1(random: Random, credentials: Credentials): Buffer[] {
  if (random.chance(0.05)) return [random.bytes(random.below(2000))];
  const count = random.chance(0.05) ? 300 : random.below(5) + 1;
  const requests = Array.from({ length: count }, () => http1Request(random, credentials));
  const last = requests.at(-1);
  if (last !== undefined && random.chance(0.2))
    requests[requests.length - 1] = last.subarray(0, random.below(last.length));
  return requests;
}

function number(random: Random): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(random.pick([0, 1, 8, 65_535, 2 ** 31 - 1, 2 ** 32 - 1, random.below(2 ** 32)]));
  return bytes;
}

function requestBlock(random: Random, credentials: Credentials): Buffer {
  if (random.chance(0.05)) return random.bytes(random.below(200));
  const { all } = headers(random, credentials);
  const pseudo: (readonly [string, string])[] = [
    [":method", random.pick(METHODS)],
    [":path", random.pick(PATHS)],
    [":scheme", "http"],
    [":authority", random.chance(0.95) ? "localhost" : random.pick(["", "[", "other.example"])],
  ];
  if (random.chance(0.05)) pseudo.splice(random.below(4), 1);
  if (random.chance(0.05)) pseudo.reverse();
  const block = headerBlock([...pseudo, ...all]);
  if (random.chance(0.03)) return Buffer.concat([block, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f])]);
  return random.chance(0.03) ? block.subarray(0, random.below(block.length)) : block;
}

/** One or several frames, those of a request most often. */
function frames(random: Random, credentials: Credentials): Buffer[] {
  const stream = 1 + 2 * random.below(6);
  const request = (id: number): Buffer =>
    frame({
      type: FRAME.HEADERS,
      flags: random.pick([FLAG.END_HEADERS, FLAG.END_HEADERS, FLAG.END_HEADERS | FLAG.END_STREAM, 0]),
      stream: id,
      payload: requestBlock(random, credentials),
    });
  const data = (): Buffer =>
    frame({
      type: FRAME.DATA,
      flags: random.chance(0.5) ? FLAG.END_STREAM : random.chance(0.9) ? 0 : FLAG.PADDED,
      stream,
      payload: content(random, random.pick(CONTENT_TYPES)),
    });
  switch (random.below(16)) {
    case 0:
      return [reset(stream, random.below(20))];
    case 1:
      return [frame({ type: FRAME.WINDOW_UPDATE, stream: random.chance(0.5) ? 0 : stream, payload: number(random) })];
    case 2:
      return [
        settings(
          Array.from({ length: random.below(4) }, () => [random.below(8), number(random).readUInt32BE()] as const),
        ),
      ];
    case 3:
      return Array.from({ length: random.chance(0.1) ? 500 : 1 }, () => settings([[4, random.below(2 ** 31)]]));
    case 4:
      return Array.from({ length: random.chance(0.1) ? 500 : 1 }, () =>
        frame({ type: FRAME.PING, payload: random.bytes(8) }),
      );
    case 5:
      return [
        frame({ type: FRAME.HEADERS, stream, payload: requestBlock(random, credentials) }),
        ...Array.from({ length: random.chance(0.2) ? 300 : 2 }, () =>
          frame({
            type: FRAME.CONTINUATION,
            stream,
            flags: random.chance(0.01) ? FLAG.END_HEADERS : 0,
            payload: headerBlock([["x", "y"]]),
          }),
        ),
      ];
    case 6:
      // Rapid reset.
      return Array.from({ length: random.below(100) }, (_, index) => [
        request(101 + 2 * index),
        reset(101 + 2 * index),
      ]).flat();
    case 7:
      return [
        frame({
          type: random.below(256),
          flags: random.below(256),
          stream: random.below(20),
          payload: random.bytes(random.below(100)),
        }),
      ];
    case 8:
      return [frame({ type: FRAME.GOAWAY, payload: Buffer.concat([number(random), number(random)]) })];
    case 9:
      return [frame({ type: FRAME.PRIORITY, stream, payload: random.bytes(5) })];
    case 10:
    case 11:
    case 12:
      return [data()];
    default:
      return random.chance(0.7) ? [request(stream), data()] : [request(stream)];
  }
}

function http2(random: Random, credentials: Credentials): Buffer[] {
  const begin = random.chance(0.97)
    ? [PREFACE, settings(random.chance(0.2) ? [[4, 0]] : [])]
    : [PREFACE.subarray(0, random.below(24))];
  return [...begin, ...Array.from({ length: random.below(25) + 1 }, () => frames(random, credentials)).flat()];
}

/** What a client says on one connection, in the pieces in which it says it. */
export function httpInput(random: Random, credentials: Credentials): readonly Buffer[] {
  const said = random.chance(0.4) ? http1(random, credentials) : http2(random, credentials);
  const whole = Buffer.concat(said);
  if (whole.length > 0 && random.chance(0.15)) {
    for (let flips = random.below(5) + 1; flips > 0; flips--) whole[random.below(whole.length)] = random.below(256);
  }
  if (random.chance(0.3)) return [whole];
  const pieces: Buffer[] = [];
  for (let start = 0; start < whole.length; ) {
    const length = 1 + random.below(random.chance(0.2) ? 10 : 2000);
    pieces.push(whole.subarray(start, start + length));
    start += length;
  }
  return pieces;
}
