import type { DescField, DescMessage, DescMethod, DescService, JsonObject, JsonWriteOptions } from "@bufbuild/protobuf";
import { type Binding, bindServices } from "./binding.ts";
import { type OpenApiPath, printPath } from "./openapi_path.ts";
import { createSchemas, type Schemas } from "./schemas.ts";
import { hasTextForm } from "./text.ts";

export interface OpenApiOptions {
  readonly services: readonly DescService[];
  /** `title` and `version` at least. */
  readonly info: JsonObject;
  /** Members of the document beside those made here, such as `servers`. */
  readonly document?: JsonObject | undefined;
  /** Members of each operation beside those made here, such as `security`. */
  readonly operation?: ((method: DescMethod) => JsonObject) | undefined;
  readonly jsonOptions?: Partial<JsonWriteOptions> | undefined;
}

/**
 * The OpenAPI 3.1 document of what a transcoder with the same services serves. Without comments, since descriptors have none at run
 * time. HTTP methods that OpenAPI has no word for are left out.
 */
export function createOpenApi({ services, info, document, operation, jsonOptions }: OpenApiOptions): JsonObject {
  const schemas = createSchemas(jsonOptions);
  const paths: Record<string, JsonObject> = {};
  const shapes = new Map<string, OpenApiPath>();
  const ids = new Map<string, number>();
  for (const binding of bindServices(services)) {
    if (!HTTP_METHODS.has(binding.httpMethod)) {
      continue;
    }
    const own = printPath(binding);
    const path = unify(shapes, own);
    const described = describe(binding, { schemas, pathParameters: path.parameters });
    paths[path.text] = {
      ...paths[path.text],
      [binding.httpMethod.toLowerCase()]: {
        operationId: operationId(binding.method, ids),
        tags: [binding.method.parent.name],
        ...described,
        ...operation?.(binding.method),
      },
    };
  }
  return {
    openapi: "3.1.0",
    info,
    paths,
    components: { schemas: { ...schemas.components, "connect.Error": ERROR } },
    ...document,
  };
}

/** To OpenAPI, paths that differ in the names of their parameters only are the same: the first of them gives the names. */
function unify(shapes: Map<string, OpenApiPath>, own: OpenApiPath): OpenApiPath {
  const first = shapes.get(own.shape);
  if (first === undefined) {
    shapes.set(own.shape, own);
    return own;
  }
  const parameters = own.parameters.map((parameter, index) => {
    const name = first.parameters[index]?.name ?? parameter.name;
    return name === parameter.name ? parameter : { ...parameter, name, description: `Is \`${parameter.name}\` here.` };
  });
  return { ...first, parameters };
}

const HTTP_METHODS = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]);

const ERROR: JsonObject = {
  type: "object",
  properties: {
    code: { type: "string" },
    message: { type: "string" },
    details: {
      type: "array",
      items: {
        type: "object",
        properties: { type: { type: "string" }, value: { type: "string", contentEncoding: "base64" }, debug: {} },
      },
    },
  },
  required: ["code"],
};

/** `JobService_SubmitJob`, and for the additional bindings of the same method `JobService_SubmitJob_2` and so on. */
function operationId(method: DescMethod, ids: Map<string, number>): string {
  const id = `${method.parent.name}_${method.name}`;
  const count = (ids.get(id) ?? 0) + 1;
  ids.set(id, count);
  return count === 1 ? id : `${id}_${count}`;
}

function describe(
  binding: Binding,
  { schemas, pathParameters }: { schemas: Schemas; pathParameters: readonly JsonObject[] },
): JsonObject {
  const parameters = [...pathParameters, ...queryParameters(binding, schemas)];
  return {
    ...(parameters.length > 0 && { parameters }),
    ...(binding.body.type !== "none" && { requestBody: { content: requestContent(binding, schemas) } }),
    responses: {
      200: { description: "OK", content: responseContent(binding, schemas) },
      default: {
        description: "The call failed",
        content: { "application/json": { schema: { $ref: "#/components/schemas/connect.Error" } } },
      },
    },
  };
}

function queryParameters(binding: Binding, schemas: Schemas): JsonObject[] {
  const { body, method, variables } = binding;
  if (body.type !== "none" && body.field === undefined) {
    return [];
  }
  const bound = new Set(variables.map((variable) => variable.path.name));
  const fields = method.input.fields.filter((field) => body.type === "none" || field !== body.field);
  return fields
    .flatMap((field) => flatten(field, []))
    .flatMap(({ name, protoName, field }) =>
      bound.has(protoName) ? [] : [{ name, in: "query", schema: schemas.field(field) }],
    );
}

interface Leaf {
  readonly name: string;
  readonly protoName: string;
  readonly field: DescField;
}

/** The fields that a query can carry, of a message within too; of messages that contain themselves only one round. */
function flatten(field: DescField, parents: readonly DescField[]): Leaf[] {
  const chain = [...parents, field];
  if (
    field.fieldKind === "map" ||
    (field.fieldKind === "list" && field.message !== undefined && !hasTextForm(field.message))
  ) {
    return [];
  }
  if (field.fieldKind !== "message" || hasTextForm(field.message)) {
    const name = chain.map((part) => part.jsonName).join(".");
    return [{ name, protoName: chain.map((part) => part.name).join("."), field }];
  }
  const { message } = field;
  const inside = parents.some((parent) => parent.message === message);
  return inside ? [] : message.fields.flatMap((each) => flatten(each, chain));
}

function requestContent({ body, method, variables }: Binding, schemas: Schemas): JsonObject {
  if (body.type === "raw") {
    return { "*/*": {} };
  }
  if (body.type === "json" && body.field !== undefined) {
    return { "application/json": { schema: schemas.field(body.field) } };
  }
  return { "application/json": { schema: requestSchema(method.input, { variables, schemas }) } };
}

/** The whole request, less what the path carries. */
function requestSchema(
  input: DescMessage,
  { variables, schemas }: { variables: Binding["variables"]; schemas: Schemas },
): JsonObject {
  const bound = new Set<DescField>(variables.flatMap(({ path }) => (path.parents.length === 0 ? [path.field] : [])));
  return bound.size === 0
    ? schemas.message(input)
    : { type: "object", properties: schemas.properties(input.fields.filter((field) => !bound.has(field))) };
}

function responseContent({ method, rawResponse, responseField }: Binding, schemas: Schemas): JsonObject {
  if (rawResponse) {
    return { "*/*": {} };
  }
  const schema = responseField === undefined ? schemas.message(method.output) : schemas.field(responseField);
  return method.methodKind === "server_streaming"
    ? { "application/x-ndjson": { schema }, "text/event-stream": { schema: { type: "string" } } }
    : { "application/json": { schema } };
}
