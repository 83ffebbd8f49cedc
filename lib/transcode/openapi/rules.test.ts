import type { JsonObject } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { readComments } from "../../../proto/comments/read.ts";
import { createOpenApi } from "../mod.ts";
import { known, registry } from "../testdata/library.ts";

const shop = known(registry.getService("shop.v1.Shop"));
const document = createOpenApi({
  services: [shop],
  info: { title: "Shop", version: "1" },
  comments: Object.fromEntries(readComments(shop.file.proto)),
  keywords: ({ name }) => (name === "order_customer" ? { pattern: "^c" } : undefined),
}) as {
  tags: unknown;
  paths: Record<string, Record<string, JsonObject & { parameters: JsonObject[] }>>;
  components: { schemas: Record<string, JsonObject & { properties: Record<string, JsonObject> }> };
};
const schemas = document.components.schemas;
const order = known(schemas["shop.v1.Order"]);

test.each<[string, JsonObject]>([
  ["customer", { type: "string", format: "uuid" }],
  ["mail", { type: "string", format: "email" }],
  ["site", { type: "string", format: "uri" }],
  ["code", { type: "string", minLength: 8, maxLength: 8, pattern: "(?<word>\\p{L}+)[0-9]$" }],
  [
    "tag",
    {
      ...{ type: "string", maxLength: 10, pattern: "^(?=[\\s\\S]*(?:^a\\.))(?![\\s\\S]*(?:b))" },
      description: "Must have at most 10 bytes in UTF-8.",
    },
  ],
  ["size", { type: "string", enum: ["", "S", "L"] }],
  ["odd", { type: "string", description: "Must match the RE2 pattern `(?i)x`." }],
  [
    "count",
    {
      ...{ type: "integer", format: "int32", minimum: -2147483648, maximum: 2147483647 },
      ...{ exclusiveMinimum: 0, exclusiveMaximum: 100 },
    },
  ],
  ["unitPrice", { type: "number", format: "double", minimum: 0 }],
  [
    "weight",
    {
      ...{ type: "string", format: "int64", pattern: "^(?:0|[1-9][0-9]{0,2})$" },
      description: "Must be at least 0 and at most 999.",
    },
  ],
  ["outside", { type: "integer", description: "Must be less than 5, or more than 10." }],
  ["lines", { type: "array", items: { type: "string", minLength: 2 }, minItems: 1, maxItems: 3, uniqueItems: true }],
  [
    "stock",
    {
      ...{ type: "object", propertyNames: { type: "string", maxLength: 5 }, minProperties: 1, maxProperties: 9 },
      additionalProperties: { type: "integer", minimum: 1 },
    },
  ],
  ["color", { type: "string", enum: ["RED", "BLUE", "GREEN"] }],
  ["anyColor", { $ref: "#/components/schemas/shop.v1.Order.Color" }],
  ["wait", { pattern: "^[2-9](?:\\.[0-9]{1,9})?s$", description: "Must be at least 2s and less than 10s." }],
  ["due", { type: "string", format: "date-time", description: "Must be in the future." }],
  ["extra", { type: "object", additionalProperties: true }],
  ["list", { type: "array", items: {} }],
  ["any", { type: "object", additionalProperties: true }],
  ["always", { type: "string" }],
  ["old", { type: "string", deprecated: true }],
  ["name", { type: "string", pattern: "^(?=[\\s\\S]*(?:^[a-z]+$))(?![\\s\\S]*(?:\\x00))" }],
  ["long", { type: "string", description: "Must be longer than it is." }],
])("the schema of %s includes its rules", (name, schema) => {
  expect(order.properties[name]).toMatchObject(schema);
});

test("a request schema requires fields whose zero value violates their rules, and forbids unknown ones", () => {
  expect(order).toMatchObject({
    required: ["customer", "code", "count", "lines", "stock", "color", "name"],
    additionalProperties: false,
  });
  expect(document.paths["/v1/orders"]?.["post"]?.["requestBody"]).toMatchObject({ required: true });
});

test("a message schema includes rules about several fields, as keywords or descriptions", () => {
  expect(order["description"]).toBe(
    "`unitPrice` and gift exclude each other. At most one of express, pickup may be given. At most one of `card`, `cash` is present.",
  );
  expect(order["not"]).toEqual({
    anyOf: [
      { properties: { note: {}, gift: { const: true } }, required: ["note", "gift"] },
      { properties: { express: { const: true }, pickup: { const: true } }, required: ["express", "pickup"] },
      { properties: { card: {}, cash: {} }, required: ["card", "cash"] },
    ],
  });
});

test("path parameters have unique names without dots", () => {
  const [customer] = document.paths["/v1/customers/{order_customer}/orders"]?.["post"]?.parameters ?? [];
  expect(customer).toEqual({
    ...{ name: "order_customer", in: "path", required: true, schema: { type: "string", format: "uuid" } },
  });
  const twins = document.paths["/v1/twins/{order_customer}/{order_customer_2}"]?.["post"];
  expect(twins?.parameters.map(({ name }) => name)).toEqual(["order_customer", "order_customer_2"]);
  expect(twins?.parameters[1]).toMatchObject({ description: "Who pays for it.", schema: { pattern: "^c" } });
});

test("the schema of a request body omits the fields in the path", () => {
  const body = schemas["shop.v1.Order.without-customer"];
  expect(Object.keys(body?.properties ?? {})).toEqual(
    Object.keys(order.properties).filter((name) => name !== "customer"),
  );
  expect(body?.["required"]).not.toContain("customer");
});

test("query parameters have the rules of their fields; JSON fields have JSON content", () => {
  expect(document.paths["/v1/orders"]?.["get"]).toMatchObject({
    deprecated: true,
    parameters: [
      { name: "customer", required: true, description: "The one who ordered.", schema: { format: "uuid" } },
      { name: "filter", content: { "application/json": { schema: { additionalProperties: true } } } },
    ],
  });
});

test("comments of the protos become summaries and descriptions, with JSON names", () => {
  expect(document.tags).toEqual([{ name: "Shop", description: "Orders of customers.\n\nNobody ships them." }]);
  expect(document.paths["/v1/orders"]?.["post"]).toMatchObject({
    summary: "Places an order",
    description: "Places an order: once. The `unitPrice` counts.",
    requestBody: { description: "What to order." },
  });
  expect(schemas["shop.v1.Order.Color"]?.["description"]).toBe("- `RED`: As blood.");
});

test("a response of bytes has a schema, also as a field of the response", () => {
  expect(document.paths["/v1/bills"]?.["get"]?.["responses"]).toMatchObject({
    200: { content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } } },
  });
});
