import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { readComments } from "../../../proto/comments/read.ts";
import { createOpenApi } from "../mod.ts";
import { library } from "../testdata/library.ts";

const document = createOpenApi({
  services: [library],
  info: { title: "Library", version: "1" },
  document: { servers: [{ url: "/" }] },
  comments: Object.fromEntries(readComments(library.file.proto)),
  operation: (method) => ({ "x-method": method.name }),
}) as {
  openapi: string;
  info: JsonObject;
  servers: unknown;
  paths: Record<string, Record<string, JsonObject>>;
  components: { schemas: Record<string, JsonObject> };
};

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const TEXT = { type: "string", minLength: 1 };
const inPath = (name: string, more = {}) => ({ ...{ name, in: "path", required: true, schema: TEXT }, ...more });
const bytes = { type: "string", format: "binary" };

test("the document includes the given members", () => {
  expect({ openapi: document.openapi, info: document.info, servers: document.servers }).toEqual({
    openapi: "3.1.0",
    info: { title: "Library", version: "1" },
    servers: [{ url: "/" }],
  });
});

test("an operation has its parameters, body, responses and the added members", () => {
  expect(document.paths["/v1/books/{name}"]?.["patch"]).toEqual({
    operationId: "Library_UpdateBook",
    summary: "A nested path variable into the field that is the body",
    description: "A nested path variable into the field that is the body.",
    tags: ["Library"],
    parameters: [
      inPath("name", { description: "Is `book.name` here." }),
      { name: "updateMask", in: "query", schema: { type: "string" } },
    ],
    requestBody: {
      required: false,
      content: { "application/json": { schema: ref("library.v1.Book.without-name") } },
    },
    responses: {
      200: { description: "OK", content: { "application/json": { schema: ref("library.v1.Book") } } },
      "4XX": { $ref: "#/components/responses/Error" },
      "5XX": { $ref: "#/components/responses/Error" },
    },
    "x-method": "UpdateBook",
  });
});

test.each([
  ["/v1/shelves/{name_1}/books/{name_2}", "get", [inPath("name_1"), inPath("name_2")]],
  ["/v1/files/{name}", "get", [inPath("name", { description: "May contain slashes." })]],
  ["/v1/files/{name}:archive", "post", [inPath("name", { description: "May contain slashes." })]],
  [
    "/v1/changes/{topic}",
    "get",
    [
      inPath("topic"),
      { name: "afterSeq", in: "query", schema: { type: "integer", format: "int64", minimum: 0, maximum: 4294967295 } },
    ],
  ],
])("path %s (%s)", (path, httpMethod, parameters) => {
  expect(document.paths[path]?.[httpMethod]?.["parameters"]).toEqual(parameters);
});

test("paths that differ in the names of their parameters only are one path", () => {
  expect(Object.keys(document.paths["/v1/books/{name}"] ?? {}).sort()).toEqual(["delete", "get", "patch"]);
  const shapes = Object.keys(document.paths).map((path) => path.replaceAll(/\{[^}]*\}/g, "{}"));
  expect(new Set(shapes).size).toBe(shapes.length);
});

test("parameters of a path are those in its text", () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    const names = [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1]);
    for (const { parameters = [] } of Object.values(operations)) {
      const described = (parameters as { name: string; in: string }[]).filter((each) => each.in === "path");
      expect(described.map((each) => each.name)).toEqual(names);
    }
  }
});

test("query parameters include fields of messages, but not of maps, lists of messages and recursive messages", () => {
  const parameters = document.paths["/v1/echo"]?.["get"]?.["parameters"] as { name: string }[];
  const names = parameters.map((parameter) => parameter.name);
  expect(names).toEqual(
    expect.arrayContaining(["strings", "nested.pageSize", "int64Value", "time", "choiceNested.string"]),
  );
  expect(names).not.toEqual(expect.arrayContaining(["map"]));
  expect(names.filter((name) => /^(map|messages|nested\.deeper)/.test(name))).toEqual([]);
});

test("streams are NDJSON or events, and google.api.HttpBody is bytes", () => {
  const ok = (content: JsonObject) => ({ responses: { 200: { content } } });
  expect(document.paths["/v1/changes/{topic}"]?.["get"]).toMatchObject(
    ok({
      "application/x-ndjson": { schema: ref("library.v1.Change") },
      "text/event-stream": {
        schema: { type: "string", contentMediaType: "application/json", contentSchema: ref("library.v1.Change") },
      },
    }),
  );
  expect(document.paths["/v1/files/{name}"]?.["get"]).toMatchObject(
    ok({ "application/octet-stream": { schema: bytes }, "*/*": { schema: {} } }),
  );
  expect(document.paths["/v1/books/{name}/cover"]?.["get"]).toMatchObject(
    ok({ "application/octet-stream": { schema: bytes } }),
  );
  expect(document.paths["/v1/files/{name}"]?.["put"]?.["requestBody"]).toEqual({
    required: false,
    content: { "application/octet-stream": { schema: bytes } },
  });
});

test("the body omits the fields in the path", () => {
  const put = document.paths["/v1/shelves/{name_1}/books/{name_2}"]?.["put"];
  expect(put?.["parameters"]).toEqual([
    inPath("name_1", { description: "Is `shelf` here." }),
    inPath("name_2", {
      description: "Is `id` here.",
      schema: { type: "integer", format: "int32", minimum: -2147483648, maximum: 2147483647 },
    }),
  ]);
  const name = "library.v1.Book.without-shelf-id";
  expect(put?.["requestBody"]).toMatchObject({ content: { "application/json": { schema: ref(name) } } });
  expect(Object.keys(document.components.schemas[name]?.["properties"] ?? {})).toEqual([
    ...["name", "title", "authors", "labels", "extra"],
  ]);
});

test("operation ids are unique", () => {
  const ids = Object.values(document.paths).flatMap((each) =>
    Object.values(each).map((operation) => operation["operationId"]),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test("schemas describe the JSON form of each type", () => {
  expect(document.components.schemas["library.v1.Everything"]).toMatchObject({
    type: "object",
    properties: {
      int64: { type: "string", format: "int64" },
      bytes: { type: "string", contentEncoding: "base64" },
      genre: ref("library.v1.Genre"),
      numbers: { type: "array", items: { type: "string", format: "int64" } },
      nested: ref("library.v1.Nested"),
      time: { type: "string", format: "date-time" },
      int64Value: { type: "string", format: "int64" },
      value: {},
      map: { type: "object", additionalProperties: { type: "string" } },
      messages: { type: "array", items: ref("library.v1.Nested") },
    },
  });
  expect(document.components.schemas["library.v1.Genre"]).toEqual({
    type: "string",
    enum: ["GENRE_UNSPECIFIED", "NOVEL", "POETRY"],
  });
});

test("every reference resolves", () => {
  const references = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/([^"]+)/g)].map(
    (match) => match[1],
  );
  expect(references.filter((name) => !(String(name) in document.components.schemas))).toEqual([]);
});
