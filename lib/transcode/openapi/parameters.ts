import type { DescField, JsonObject } from "@bufbuild/protobuf";
import type { Binding } from "../annotation/binding.ts";
import { resolveFieldPath } from "../annotation/fields.ts";
import { hasTextForm } from "../annotation/text_values.ts";
import { withWords } from "./comments.ts";
import type { PathParameter } from "./path.ts";
import type { Schemas } from "./schemas.ts";

interface Deps {
  readonly schemas: Schemas;
  readonly nameOf: (field: DescField) => string;
}

/** Parameter Objects of a path. */
export function pathParameters(
  { schemas }: Deps,
  { method }: Binding,
  parameters: readonly PathParameter[],
): JsonObject[] {
  return parameters.map(({ name, isRenamed, variable, isWhole, isRest }) => {
    const field = variable && resolveFieldPath(method.input, variable.fieldPath).field;
    const { description = "", ...schema } = field === undefined ? {} : schemas.field(field);
    const words = [
      String(description),
      ...(isRenamed && variable !== undefined ? [`Is \`${variable.fieldPath.join(".")}\` here.`] : []),
      ...(isRest ? ["May contain slashes."] : []),
    ].filter((each) => each !== "");
    return {
      ...{ name, in: "path", required: true },
      ...(words.length > 0 && { description: words.join(" ") }),
      schema: isWhole ? notEmpty(schema) : { type: "string", minLength: 1 },
    };
  });
}

/** Adds that a path segment is not empty. */
function notEmpty(schema: JsonObject): JsonObject {
  const { type, minLength, format, enum: values, pattern } = schema;
  const isBare = type === "string" && minLength === undefined && format === undefined && pattern === undefined;
  return isBare && values === undefined ? { ...schema, minLength: 1 } : schema;
}

/** Parameter Objects of the fields that neither the path nor the body carries. */
export function queryParameters({ schemas, nameOf }: Deps, { body, method, variables }: Binding): JsonObject[] {
  if (body.type !== "none" && body.field === undefined) return [];
  const bound = new Set(variables.map((variable) => variable.path.name));
  const fields = method.input.fields.filter((field) => body.type === "none" || field !== body.field);
  return fields
    .flatMap((field) => leavesOf(field, []))
    .flatMap((chain) => {
      const field = chain.at(-1);
      if (field === undefined || bound.has(chain.map((part) => part.name).join("."))) return [];
      const { description: own, deprecated, ...schema } = schemas.field(field);
      const description = withWords(own?.toString(), schemas.exclusionsOf(field));
      const isRequired = chain.length === 1 && schemas.isRequired(field);
      return [
        {
          ...{ name: chain.map(nameOf).join("."), in: "query" },
          ...(isRequired && { required: true }),
          ...(description !== undefined && { description }),
          ...(deprecated && { deprecated }),
          // Parameters with JSON content.
          ...(isJsonText(field) ? { content: { "application/json": { schema } } } : { schema }),
        },
      ];
    });
}

const JSON_TEXTS = new Set(["google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"]);

function isJsonText({ fieldKind, message }: DescField): boolean {
  return fieldKind === "message" && JSON_TEXTS.has(message.typeName);
}

/** The fields that a query can carry, with their parents; recursive messages only one level deep. */
function leavesOf(field: DescField, parents: readonly DescField[]): DescField[][] {
  const chain = [...parents, field];
  const isList = field.fieldKind === "list" && field.message !== undefined && !hasTextForm(field.message);
  if (field.fieldKind === "map" || isList) return [];
  if (field.fieldKind !== "message" || hasTextForm(field.message)) return [chain];
  const { message } = field;
  const inside = parents.some((parent) => parent.message === message);
  return inside ? [] : message.fields.flatMap((each) => leavesOf(each, chain));
}
