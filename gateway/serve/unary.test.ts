import { once } from "node:events";
import { request as requestOf } from "node:http";
import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues, type HandlerContext } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import fc from "fast-check";
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Health } from "../../proto/mod.ts";
import { limitsSection } from "../limits.ts";
import { ownExchanges } from "./exchange.ts";
import { listenOnOnePort, type OpenPort } from "./one_port.ts";
import { createRpc } from "./rpc.ts";
import { blameCallerForEncoding } from "./undecodable.ts";

/** What a method is called with by either way. */
type Context = Pick<HandlerContext, "signal" | "requestHeader" | "responseHeader" | "responseTrailer">;

const { input: HealthCheckRequestSchema } = Health.method.check;

const statuses = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`service ${index}`, {}]));

/** Things that a method may do, by the header that asks for them. */
const DEEDS: Readonly<Record<string, (context: Context) => unknown>> = {
  small: () => ({ statuses: { "": {} } }),
  large: () => ({ statuses }),
  refuse: () => {
    throw new ConnectError("no: äöü, 50% / a\nb", Code.FailedPrecondition, { "retry-after": "7", "set-cookie": "a=b" });
  },
  explain: () => {
    const error = new ConnectError("x".repeat(2000), Code.NotFound);
    error.details.push({ desc: HealthCheckRequestSchema, value: { service: "why" } });
    throw error;
  },
  break: () => {
    throw new TypeError("a fault");
  },
  tell: ({ requestHeader, responseHeader, responseTrailer }) => {
    responseHeader.set("x-seen", requestHeader.get("x-sent") ?? "nothing");
    responseHeader.append("set-cookie", "a=1");
    responseHeader.append("set-cookie", "b=2");
    responseTrailer.set("x-end", "over");
    return {};
  },
  tellAndRefuse: ({ responseHeader, responseTrailer }) => {
    responseHeader.set("x-seen", "1");
    responseTrailer.set("x-end", "2");
    throw new ConnectError("no", Code.Aborted, { "x-why": "3" });
  },
  wait: async ({ signal }) => {
    if (!signal.aborted) await once(signal, "abort");
    throw signal.reason;
  },
};

async function act(context: Context): Promise<Record<string, unknown>> {
  const deed = DEEDS[context.requestHeader.get("x-deed") ?? "small"];
  return (await deed?.(context)) as Record<string, unknown>;
}

const limits = limitsSection.parse({ messageBytes: 30_000 });

/** A port of Health, whose usual calls go through connect-es, or do not. */
function serveHealth(isDirect: boolean): Promise<OpenPort> {
  const rpc = createRpc({
    routes: (router) =>
      router.service(
        Health,
        { list: (_, context) => act(context), check: async (_, context) => (await act(context)) && {} },
        { readMaxBytes: limits.messageBytes },
      ),
    ...(isDirect && {
      direct: {
        services: [Health],
        async invoke(method: DescMethod, _: unknown, call: Context) {
          const answer = await act(call);
          return create(method.output, method.name === "List" ? answer : {});
        },
      },
    }),
    jsonOptions: { ignoreUnknownFields: false },
    requestGate: blameCallerForEncoding,
    mostBytes: () => limits.messageBytes,
    contextValues: () => createContextValues(),
  });
  const log = pino({ level: "silent" });
  const serve = ownExchanges(async (request, response) => void (await rpc.answer(request, response)), { log });
  return listenOnOnePort({ host: "127.0.0.1", port: 0, tls: undefined, log, limits, serve });
}

let direct: OpenPort;
let whole: OpenPort;

beforeAll(async () => {
  [direct, whole] = await Promise.all([serveHealth(true), serveHealth(false)]);
});
afterAll(() => Promise.all([direct[Symbol.asyncDispose](), whole[Symbol.asyncDispose]()]));

interface Asked {
  readonly version: 1 | 2;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pieces: readonly Uint8Array[];
}

/** All that a client sees of an answer. */
async function ask({ address }: OpenPort, { version, path, headers, pieces }: Asked): Promise<object> {
  if (version === 1) {
    const asked = requestOf(`http://${address}${path}`, { method: "POST", headers, agent: false });
    for (const piece of pieces) asked.write(piece);
    asked.end();
    const [response] = await once(asked, "response");
    const body = await buffer(response);
    const { date, ...seen } = response.headers;
    return { status: response.statusCode, seen, body: body.toString("latin1"), trailers: response.trailers };
  }
  const session = connect(`http://${address}`);
  const stream = session.request({ ":method": "POST", ":path": path, ...headers });
  let trailers: object | undefined;
  stream.on("trailers", (came) => {
    trailers = { ...came };
  });
  for (const piece of pieces) stream.write(piece);
  stream.end();
  const [{ date, ...seen }] = await once(stream, "response");
  const body = await buffer(stream);
  session.close();
  return { seen: { ...seen }, body: body.toString("latin1"), trailers, code: stream.rstCode };
}

const check = (service: string): Uint8Array =>
  toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));

/** Messages by what they are: those of either codec, and what is none. */
const message = fc.oneof(
  fc.string().map(check),
  fc.string().map((service) => Buffer.from(JSON.stringify({ service }))),
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom<Uint8Array>(
    new Uint8Array(0),
    Buffer.from("{}"),
    Buffer.from('\u{feff}{"service":"a"}'),
    Buffer.from('{"service":"a","service":"b"}'),
    Buffer.from('{"srevice":"a"}'),
    Buffer.from([0x22, 0xff, 0x22]),
    Buffer.concat([Buffer.from('{"service":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    Buffer.from("null"),
    check("a".repeat(19_990)),
    check("a".repeat(25_000)),
    check("a".repeat(40_000)),
  ),
);

/** Bodies: a message as it is, in envelopes of all kinds, or compressed. */
const body = message.chain((bytes) =>
  fc.constantFrom<Uint8Array>(
    bytes,
    encodeEnvelope(0, bytes),
    encodeEnvelope(0, bytes),
    encodeEnvelope(1, bytes),
    encodeEnvelope(1, gzipSync(bytes)),
    encodeEnvelope(0x80, bytes),
    Buffer.concat([encodeEnvelope(0, bytes), encodeEnvelope(0, bytes)]),
    Buffer.concat([encodeEnvelope(0, bytes), Buffer.from([0])]),
    encodeEnvelope(0, bytes).subarray(0, -1),
    encodeEnvelope(0, bytes).subarray(0, 3),
    gzipSync(bytes),
  ),
);

const TYPES = ["", "-web", "-web-text"].flatMap((kind) =>
  ["", "+proto", "+json", "+xml", "+json; charset=utf-8"].map((codec) => `application/grpc${kind}${codec}`),
);

const absent = undefined;
const headers = fc
  .record({
    "content-type": fc.constantFrom(
      ...["application/json", "application/proto", "application/json; charset=utf-8", "Application/JSON"],
      ...["application/grpc", "application/grpc-web+proto", "application/json;charset=latin1", ...TYPES],
    ),
    "x-deed": fc.constantFrom(...Object.keys(DEEDS).filter((name) => name !== "wait"), absent),
    "x-sent": fc.constantFrom("yes", absent),
    "content-encoding": fc.constantFrom(absent, absent, absent, "identity", "gzip", "rot13"),
    "grpc-encoding": fc.constantFrom(absent, absent, "identity", "gzip", "Identity", "rot13"),
    "accept-encoding": fc.constantFrom(absent, "", "gzip", "gzip;q=0", "identity, br;q=0.1", "X-GZIP", "rot13"),
    "grpc-accept-encoding": fc.constantFrom(absent, "", "identity,deflate,gzip", "gzip;q=0", "rot13"),
    "connect-timeout-ms": fc.constantFrom(absent, absent, "60000", "9999999999", "soon", "-1"),
    "grpc-timeout": fc.constantFrom(absent, absent, "60S", "99999999H", "60", "1000000000n"),
  })
  .map((all) =>
    Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== absent)),
  );

const asked: fc.Arbitrary<Asked> = fc
  .record({
    version: fc.constantFrom(1 as const, 2 as const),
    path: fc.constantFrom(
      "/grpc.health.v1.Health/Check",
      "/grpc.health.v1.Health/List",
      "/grpc.health.v1.Health/Check?a=b",
    ),
    headers,
    body,
    cut: fc.nat({ max: 30 }),
  })
  .map(({ body: bytes, cut, ...rest }) => ({
    ...rest,
    pieces: [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0),
  }));

test("a call is answered as connect-es answers it, whatever its head and body", async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (call) => {
      expect(await ask(direct, call)).toEqual(await ask(whole, call));
    }),
    { numRuns: 500 },
  );
}, 60_000);
