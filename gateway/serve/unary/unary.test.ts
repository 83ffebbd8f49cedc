import { once } from "node:events";
import { request as requestOf } from "node:http";
import { connect } from "node:http2";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { create, type DescMethod, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues, type HandlerContext } from "@connectrpc/connect";
import { encodeEnvelope } from "@connectrpc/connect/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Health } from "../../../proto/mod.ts";
import { log } from "../../../test/silent_log.ts";
import { limitsSection } from "../../limits.ts";
import { listenOnOnePort, type OpenPort } from "../connections/one_port.ts";
import { createRequestListener } from "../exchanges/request_listener.ts";
import { reportDecodeErrors } from "../rpc/decode_errors.ts";
import { createRpc } from "../rpc/rpc.ts";

/** The part of a call's context that both paths provide. */
type Context = Pick<HandlerContext, "signal" | "requestHeader" | "responseHeader" | "responseTrailer">;

const { input: HealthCheckRequestSchema } = Health.method.check;

const statuses = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`service ${index}`, {}]));

/** Effects of the method, by the header value that requests them. */
const EFFECTS: Readonly<Record<string, (context: Context) => unknown>> = {
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
  const effect = EFFECTS[context.requestHeader.get("x-effect") ?? "small"];
  return (await effect?.(context)) as Record<string, unknown>;
}

const limits = limitsSection.parse({ messageBytes: 30_000 });

/** A port that serves Health, with or without the direct path for usual calls. */
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
          directCalls += 1;
          const answer = await act(call);
          return create(method.output, method.name === "List" ? answer : {});
        },
      },
    }),
    jsonOptions: { ignoreUnknownFields: false },
    requestGate: reportDecodeErrors,
    maxBytes: () => limits.messageBytes,
    contextValues: () => createContextValues(),
  });
  const serve = createRequestListener(async (request, response) => void (await rpc.answer(request, response)), { log });
  return listenOnOnePort({ host: "127.0.0.1", port: 0, tls: undefined, log, limits, serve });
}

let directCalls = 0;
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

/** Sends a request, and returns all that a client sees of the response. */
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
  session.destroy();
  return { seen: { ...seen }, body: body.toString("latin1"), trailers, code: stream.rstCode };
}

const check = (service: string): Uint8Array =>
  toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));

/** Messages: valid ones of either codec, and invalid ones. */
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

/** Bodies: a bare message, an enveloped one of any kind, or a compressed one. */
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

const absent = undefined;

const USUAL_TYPES = ["application/json", "application/proto"].concat(
  ["", "-web"].flatMap((kind) => ["", "+proto", "+json"].map((codec) => `application/grpc${kind}${codec}`)),
);

const TYPES = USUAL_TYPES.concat(
  ["Application/JSON", "application/json; charset=utf-8", "application/json;charset=latin1"],
  ["", "+xml", "+json; charset=utf-8"].map((codec) => `application/grpc-web${codec}`),
  ["application/grpc-web-text", "application/grpc+json; charset=utf-8", "application/connect+json"],
);

/** Mostly undefined, so that a call that is unusual in one way is usual in the others. */
function rarely(...values: readonly string[]): fc.Arbitrary<string | undefined> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(absent) }, { weight: 1, arbitrary: fc.constantFrom(...values) });
}

const USUAL_HEADERS = {
  "content-type": fc.constantFrom(...USUAL_TYPES),
  "x-effect": fc.constantFrom(...Object.keys(EFFECTS).filter((name) => name !== "wait")),
  "x-sent": fc.constantFrom("yes", absent),
  "accept-encoding": fc.constantFrom(absent, "", "gzip", "gzip;q=0", "identity, br;q=0.1", "X-GZIP", "rot13"),
  "grpc-accept-encoding": fc.constantFrom(absent, "", "identity,deflate,gzip", "gzip;q=0", "rot13"),
};

const UNUSUAL_HEADERS = {
  ...USUAL_HEADERS,
  "content-type": fc.constantFrom(...TYPES),
  "content-encoding": rarely("identity", "gzip", "rot13"),
  "grpc-encoding": rarely("identity", "gzip", "Identity", "rot13"),
  "connect-timeout-ms": rarely("60000", "soon", "-1", "0"),
  "grpc-timeout": rarely("60S", "99999999H", "60", "60000000u"),
};

const place = {
  version: fc.constantFrom(1 as const, 2 as const),
  path: fc.constantFrom("/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List"),
};

type Fields = Readonly<Record<string, string | undefined>>;

function present(fields: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== absent));
}

/** Calls as clients usually send them. */
const usual: fc.Arbitrary<Asked> = fc
  .record({ ...place, headers: fc.record(USUAL_HEADERS), service: fc.string({ unit: "grapheme" }) })
  .map(({ service, headers, path, version }) => {
    const type = headers["content-type"];
    const fields = path.endsWith("List") ? {} : { service };
    const message = type.endsWith("json")
      ? Buffer.from(JSON.stringify(fields))
      : check(path.endsWith("List") ? "" : service);
    const bytes = type.includes("grpc") ? encodeEnvelope(0, message) : message;
    return { path, version, headers: present(headers), pieces: bytes.length > 0 ? [bytes] : [] };
  });

/** Calls that are unusual in any way. */
const unusual: fc.Arbitrary<Asked> = fc
  .record({
    ...place,
    headers: fc.record(UNUSUAL_HEADERS),
    bytes: body,
    cut: fc.nat({ max: 30 }),
    query: rarely("?a=b"),
  })
  .map(({ bytes, cut, query = "", headers, path, version }) => {
    const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0);
    return { version, path: path + query, headers: present(headers), pieces };
  });

test.for([
  ["usual", usual],
  ["unusual", unusual],
] as const)("calls are answered as connect-es answers them: %s ones", async ([, calls]) => {
  await fc.assert(
    fc.asyncProperty(calls, async (call) => {
      expect(await ask(direct, call)).toEqual(await ask(whole, call));
    }),
    { numRuns: 400 },
  );
});

test.each(USUAL_TYPES)("a call of %s bypasses connect-es", async (type) => {
  const before = directCalls;
  const pieces = type.includes("grpc")
    ? [encodeEnvelope(0, Buffer.from(type.endsWith("json") ? "{}" : ""))]
    : [Buffer.from(type.endsWith("json") ? "{}" : "")];
  await ask(direct, { version: 2, path: "/grpc.health.v1.Health/List", headers: { "content-type": type }, pieces });
  expect(directCalls).toBe(before + 1);
});

test.each([
  ["application/json", { "connect-timeout-ms": "1" }],
  ["application/grpc+json", { "grpc-timeout": "1m" }],
  ["application/grpc-web+json", { "grpc-timeout": "1000u" }],
])("a call of %s ends at its deadline", async (type, timeout) => {
  const headers = { "content-type": type, "x-effect": "wait", ...timeout };
  const content = Buffer.from("{}");
  const pieces = [type === "application/json" ? content : encodeEnvelope(0, content)];
  const call: Asked = { version: 2, path: "/grpc.health.v1.Health/List", headers, pieces };
  const answer = await ask(direct, call);
  expect(answer).toEqual(await ask(whole, call));
  expect(JSON.stringify(answer)).toContain("timed");
});
