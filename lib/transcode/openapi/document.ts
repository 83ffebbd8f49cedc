import type { DescField, DescMessage, DescMethod, DescService, JsonObject, JsonWriteOptions } from "@bufbuild/protobuf";
import { type Binding, bindServices } from "../annotation/binding.ts";
import { type RawTypes, requestBody, responseContent } from "./bodies.ts";
import { type Comments, createComments, summarize } from "./comments.ts";
import { ERROR_COMPONENTS, ERROR_RESPONSES } from "./errors.ts";
import { messagesIn } from "./messages.ts";
import { pathParameters, queryParameters } from "./parameters.ts";
import { createPathPrinter, type OpenApiPath } from "./path.ts";
import { createSchemas, type Schemas } from "./schemas.ts";

export interface OpenApiOptions {
  readonly services: readonly DescService[];
  /** At least `title` and `version`. */
  readonly info: JsonObject;
  /** Additional members of the document, such as `servers` and `security`. */
  readonly document?: JsonObject | undefined;
  /** Additional components, such as `securitySchemes`. */
  readonly components?: JsonObject | undefined;
  /** Additional members of each operation, such as `security`. */
  readonly operation?: ((method: DescMethod) => JsonObject) | undefined;
  /** An example of the JSON body of a method's request, and of its response. */
  readonly examples?: ((method: DescMethod) => OperationExamples | undefined) | undefined;
  /** Media types of bodies that are a google.api.HttpBody. */
  readonly rawTypes?: ((method: DescMethod) => RawTypes | undefined) | undefined;
  /** Additional JSON Schema keywords of a field, beyond its rules. */
  readonly keywords?: ((field: DescField) => JsonObject | undefined) | undefined;
  /** Comments of the protos by full name, with enum values below their enum: descriptors have none at run time. */
  readonly comments?: Readonly<Record<string, string>> | undefined;
  readonly jsonOptions?: Partial<JsonWriteOptions> | undefined;
}

export interface OperationExamples {
  readonly request?: JsonObject | undefined;
  readonly response?: JsonObject | undefined;
}

interface Deps {
  readonly schemas: Schemas;
  readonly comments: Comments;
  readonly nameOf: (field: DescField) => string;
}

/**
 * Creates the OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1) of a transcoder with the same services, including the rules of
 * buf.validate. Omits HTTP methods that OpenAPI does not support.
 */
export function createOpenApi(options: OpenApiOptions): JsonObject {
  const { services, info, document, components, jsonOptions } = options;
  const useProtoFieldName = jsonOptions?.useProtoFieldName ?? false;
  const nameOf = ({ name, jsonName }: DescField): string => (useProtoFieldName ? name : jsonName);
  const bindings = bindServices(services).filter(({ httpMethod }) => HTTP_METHODS.has(httpMethod));
  const roots = bindings.flatMap(({ method }) => [method.input, method.output]);
  const comments = createComments(options.comments ?? {}, { roots, useProtoFieldName });
  const closed = new Set(messagesIn(bindings.flatMap(bodyMessages)));
  const keywords = (field: DescField): JsonObject => options.keywords?.(field) ?? {};
  const schemas = createSchemas({ comments, nameOf, closed, keywords });
  const deps: Deps = { schemas, comments, nameOf };
  const paths: Record<string, JsonObject> = {};
  const printPath = createPathPrinter();
  const ids = new Map<string, number>();
  for (const binding of bindings) {
    const path = printPath(binding);
    const operation = { operationId: operationId(binding.method, ids), ...describe(deps, { binding, path, options }) };
    paths[path.text] = { ...paths[path.text], [binding.httpMethod.toLowerCase()]: operation };
  }
  const bound = new Set(bindings.map(({ method }) => method.parent));
  return {
    ...{ openapi: "3.1.0", info, ...document },
    tags: [...bound].map((service) => {
      const description = comments.about(service.typeName);
      return { name: service.name, ...(description !== undefined && { description }) };
    }),
    paths,
    components: {
      ...components,
      schemas: { ...sorted(schemas.components), ...ERROR_COMPONENTS.schemas },
      responses: ERROR_COMPONENTS.responses,
    },
  };
}

const HTTP_METHODS = new Set(["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"]);

/** The messages in JSON request bodies. */
function bodyMessages({ body, method }: Binding): DescMessage[] {
  if (body.type !== "json") return [];
  const message = body.field === undefined ? method.input : body.field.message;
  return message === undefined ? [] : [message];
}

/** `JobService_SubmitJob`, and for the additional bindings of the same method `JobService_SubmitJob_2` and so on. */
function operationId(method: DescMethod, ids: Map<string, number>): string {
  const id = `${method.parent.name}_${method.name}`;
  const count = (ids.get(id) ?? 0) + 1;
  ids.set(id, count);
  return count === 1 ? id : `${id}_${count}`;
}

function describe(
  deps: Deps,
  { binding, path, options }: { binding: Binding; path: OpenApiPath; options: OpenApiOptions },
): JsonObject {
  const { method } = binding;
  const raw = options.rawTypes?.(method) ?? {};
  const examples = options.examples?.(method);
  const comment = deps.comments.about(`${method.parent.typeName}.${method.name}`);
  const parameters = [...pathParameters(deps, binding, path.parameters), ...queryParameters(deps, binding)];
  const body = requestBody(deps, binding, raw);
  const content = responseContent(deps, binding, raw);
  return {
    ...(comment !== undefined && { summary: summarize(comment), description: comment }),
    tags: [method.parent.name],
    ...(method.deprecated && { deprecated: true }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { ...body, content: withExample(body["content"] as JsonObject, examples?.request) },
    }),
    responses: { 200: { description: "OK", content: withExample(content, examples?.response) }, ...ERROR_RESPONSES },
    ...options.operation?.(method),
  };
}

function withExample(content: JsonObject, example: JsonObject | undefined): JsonObject {
  const json = content["application/json"];
  if (json === undefined || example === undefined) return content;
  return { ...content, "application/json": { ...(json as JsonObject), example } };
}

function sorted(components: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(components).sort(([one], [other]) => (one < other ? -1 : 1)));
}
