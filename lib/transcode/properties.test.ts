import { fromJson, type JsonObject, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Binding, bindServices } from "./annotation/binding.ts";
import { decodeSegment, decodeSegments } from "./annotation/percent.ts";
import { createRouter, type Router } from "./annotation/router.ts";
import { parseTemplate, printTemplate, type Template } from "./annotation/template.ts";
import { type RequestParts, readRequest } from "./request.ts";
import { known, library, methodOf } from "./testdata/library.ts";
import { oneMethodService } from "./testdata/one_method.ts";

/** Any text that UTF-8 can encode. */
const unicode = (constraints: fc.StringConstraints = {}) => fc.string({ unit: "grapheme", ...constraints });

test("decodeSegment() undoes the encoding of a single-segment variable", () => {
  fc.assert(
    fc.property(unicode(), (text) => {
      expect(decodeSegment(encode(text))).toBe(text);
    }),
  );
});

test("decodeSegments() undoes the encoding of a multi-segment variable, but for %2F", () => {
  fc.assert(
    fc.property(fc.array(unicode(), { minLength: 1 }), (segments) => {
      const encoded = segments.map((segment) => segment.split("/").map(encode).join("%2F"));
      expect(decodeSegments(encoded)).toBe(segments.map((segment) => segment.replaceAll("/", "%2F")).join("/"));
    }),
  );
});

test("a path rendered from a template and values matches it and gives the values", () => {
  const names = ["name", "self.name", "self.self.name"];
  const value = unicode({ minLength: 1, maxLength: 8 });
  const segments = fc.array(fc.oneof(fc.constant("*"), literal()), { minLength: 1, maxLength: 3 });
  const variables = fc.array(fc.tuple(literal(), segments), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(
      variables,
      fc.boolean(),
      fc.option(literal()),
      fc.infiniteStream(value),
      (parts, endless, verb, values) => {
        const paths = parts.map(([prefix, pattern], index) => `/${prefix}/{${names[index]}=${pattern.join("/")}}`);
        const text = `${paths.join("")}${endless ? "/**" : ""}${verb === null ? "" : `:${verb}`}`;
        const template = parseTemplate(text);
        const router = createRouter(bindServices([oneMethodService({ get: text })]));
        const rendered = render(template, values);
        const request = read(router, { httpMethod: "GET", path: rendered.path });
        expect(namesIn(toJson(known(request).method.input, known(request).message))).toEqual(rendered.values);
        expect(parseTemplate(printTemplate(template))).toEqual(template);
      },
    ),
  );
});

test("a message rendered as a query is read as the same message", () => {
  const router = createRouter(bindServices([library]));
  const { input } = methodOf("Echo");
  fc.assert(
    fc.property(everything(), (json) => {
      const message = fromJson(input, json);
      const query = renderQuery(toJson(input, message) as JsonObject);
      const request = read(router, { httpMethod: "GET", path: "/v1/echo", query });
      expect(toJson(input, known(request).message)).toEqual(toJson(input, message));
    }),
  );
});

test("a message as a JSON body is read as the same message", () => {
  const router = createRouter(bindServices([library]));
  const { input } = methodOf("Echo");
  fc.assert(
    fc.property(everything(), (json) => {
      const body = Buffer.from(JSON.stringify(json));
      const request = read(router, { httpMethod: "POST", path: "/v1/echo", body });
      expect(toJson(input, known(request).message)).toEqual(toJson(input, fromJson(input, json)));
    }),
  );
});

test("nothing that a client sends throws anything but a ConnectError", () => {
  const router = createRouter(bindServices([library]));
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString("latin1"));
  const nasty = fc.constantFrom(
    "%",
    "%2F",
    "%zz",
    "%ff",
    "/",
    "//",
    "**",
    ":",
    ":archive",
    "__proto__",
    ".",
    "=",
    "+",
    "&",
    "\0",
    "é",
  );
  const piece = fc.oneof(bytes, nasty, unicode({ maxLength: 5 }).map(encodeURIComponent));
  const mess = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  const start = fc.constantFrom(
    "/v1/books/",
    "/v1/files/",
    "/v1/echo/",
    "/v1/tags",
    "/v1/extra",
    "/v1/mirror",
    "/v1/echo",
    "",
  );
  const field = fc.constantFrom(
    ...methodOf("Echo").input.fields.map((each) => each.name),
    "nested.deeper",
    "value.list_value",
  );
  const query = fc.array(
    fc.oneof(
      mess,
      fc.tuple(field, mess).map(([name, value]) => `${name}=${value}`),
    ),
    { maxLength: 4 },
  );
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.json().map((text) => Buffer.from(text)),
    everything().map((json) => Buffer.from(JSON.stringify(json))),
  );
  fc.assert(
    fc.property(
      fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "X"),
      fc.tuple(start, mess).map((parts) => parts.join("")),
      fc.oneof(fc.constant([]), query),
      fc.oneof(fc.constant(Buffer.alloc(0)), body),
      (httpMethod, path, parameters, content) => {
        try {
          read(router, { httpMethod, path, query: parameters.join("&"), body: Buffer.from(content) });
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectError);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      },
    ),
    { numRuns: 2000 },
  );
});

interface Exchange extends Partial<RequestParts> {
  readonly httpMethod: string;
  readonly path: string;
}

/** The request message of an HTTP request; undefined if no route matches. */
function read(router: Router<Binding>, { httpMethod, path, ...parts }: Exchange) {
  const match = router.match(httpMethod, path);
  return (
    match && {
      method: match.route.method,
      message: readRequest(
        match.route,
        { segments: match.segments, query: "", body: Buffer.alloc(0), contentType: "application/json", ...parts },
        undefined,
      ) satisfies Message,
    }
  );
}

/** Encodes everything but `[-_.~0-9a-zA-Z]`, by google/api/http.proto. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function literal(): fc.Arbitrary<string> {
  return unicode({ minLength: 1, maxLength: 5 }).map(encode);
}

/** A path for the template with values for its wildcards, and the values of its variables. */
function render(template: Template, values: fc.Stream<string>): { path: string; values: (string | undefined)[] } {
  const texts = template.segments.map((segment) =>
    segment.type === "literal" ? segment.text : known(values.next().value),
  );
  const multi = (start: number, end: number) => end - start > 1;
  const fields = template.variables.map(({ start, end }) =>
    texts
      .slice(start, end)
      .map((text) => (multi(start, end) ? text.replaceAll("/", "%2F") : text))
      .join("/"),
  );
  const verb = template.verb === "" ? "" : `:${encode(template.verb)}`;
  return { path: `/${texts.map(encode).join("/")}${verb}`, values: fields };
}

/** `name`, `self.name`, `self.self.name` and so on of a one.Request. */
function namesIn(json: JsonValue): unknown[] {
  const { name, self } = json as { name?: string; self?: JsonValue };
  return [name, ...(self === undefined ? [] : namesIn(self))];
}

/** JSON of library.v1.Everything, with all fields that a query can carry. */
function everything(): fc.Arbitrary<JsonObject> {
  const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
  const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
  const base64 = fc.uint8Array().map((bytes) => Buffer.from(bytes).toString("base64"));
  const time = fc
    .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T00:00:00Z"), noInvalidDate: true })
    .map((date) => date.toISOString());
  // JSON has no -0.
  const double = fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0);
  const genre = fc.constantFrom("NOVEL", "POETRY", 7);
  // A query cannot express an empty message.
  const leaf = fc.record(
    { string: unicode({ minLength: 1 }), pageSize: int32, numbers: fc.array(int32) },
    { requiredKeys: ["string"] },
  );
  const nested = fc.record({ string: unicode({ minLength: 1 }), deeper: leaf }, { requiredKeys: ["string"] });
  const fields = fc.record(
    {
      double: fc.oneof(double, fc.constantFrom("NaN", "Infinity", "-Infinity")),
      float: fc.float({ noDefaultInfinity: true, noNaN: true }).map((value) => value + 0),
      int32,
      int64,
      uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
      bool: fc.boolean(),
      string: unicode(),
      bytes: base64,
      genre,
      strings: fc.array(unicode()),
      numbers: fc.array(int64),
      genres: fc.array(genre),
      nested,
      time,
      duration: fc.integer({ min: -1_000_000, max: 1_000_000 }).map((ms) => `${ms / 1000}s`),
      mask: fc.array(fc.constantFrom("a", "bC", "d.eF")).map((paths) => paths.join(",")),
      int64Value: int64,
      stringValue: unicode(),
      boolValue: fc.boolean(),
      doubleValue: double,
      bytesValue: base64,
      value: json,
      struct: fc.dictionary(unicode({ maxLength: 5 }), json),
      times: fc.array(time),
      optionalString: unicode(),
    },
    { requiredKeys: [] },
  );
  const choice = fc.oneof(
    fc.constant({}),
    fc.record({ choiceText: unicode() }),
    fc.record({ choiceNumber: int32 }),
    fc.record({ choiceNested: nested }),
    fc.record({ choiceWrapper: unicode() }),
  );
  return fc.tuple(fields, choice).map((parts) => Object.assign({}, ...parts) as JsonObject);
}

/** Fields whose value is JSON text. */
const JSON_TEXT = new Set(["value", "struct"]);

function renderQuery(json: JsonObject, prefix = ""): string {
  return Object.entries(json)
    .flatMap(([name, value]) => renderParameter(`${prefix}${name}`, value))
    .filter((parameter) => parameter !== "")
    .join("&");
}

function renderParameter(name: string, value: JsonValue): string[] {
  if (JSON_TEXT.has(name)) {
    return [`${name}=${encodeURIComponent(JSON.stringify(value))}`];
  }
  if (Array.isArray(value)) {
    return value.flatMap((item) => renderParameter(name, item));
  }
  if (value !== null && typeof value === "object") {
    return [renderQuery(value, `${name}.`)];
  }
  return [`${name}=${encodeURIComponent(String(value)).replaceAll("%20", "+")}`];
}
