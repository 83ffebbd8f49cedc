import { type DescEnum, type DescField, type DescMessage, type JsonObject, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { type Comments, withWords } from "./comments.ts";
import { createFieldSchemas, type FieldSchemas } from "./field_schemas.ts";
import { type MessageRule, messageRulesOf } from "./rules.ts";
import { WELL_KNOWN } from "./well_known.ts";

/** JSON Schemas of messages in their JSON form; each message and enum becomes one component, under its full name. */
export interface Schemas extends FieldSchemas {
  readonly components: JsonObject;
  message(desc: DescMessage): JsonObject;
  /** A message without the fields in the path of a request, and those that these exclude; a component of its own. */
  messageWithout(desc: DescMessage, bound: readonly DescField[]): JsonObject;
  /** Descriptions of rules by which the field excludes others: schemas of parameters cannot express them. */
  exclusionsOf(field: DescField): readonly string[];
}

interface Options {
  readonly comments: Comments;
  /** Messages in requests: the server rejects unknown fields in them. */
  readonly closed: ReadonlySet<DescMessage>;
  readonly nameOf: (field: DescField) => string;
  /** Additional keywords of a field, beyond its rules. */
  readonly keywords: (field: DescField) => JsonObject;
}

export function createSchemas({ comments, closed, nameOf, keywords }: Options): Schemas {
  const components: JsonObject = {};
  const fieldSchemas = createFieldSchemas({ comments, message, enumeration, keywords });

  return { components, message, messageWithout, exclusionsOf, ...fieldSchemas };

  function message(desc: DescMessage): JsonObject {
    if (isWrapperDesc(desc)) return fieldSchemas.field(desc.fields[0]);
    return WELL_KNOWN.get(desc.typeName) ?? component(desc.typeName, () => object(desc, desc.fields));
  }

  function messageWithout(desc: DescMessage, bound: readonly DescField[]): JsonObject {
    if (bound.length === 0) return message(desc);
    const excluded = messageRulesOf(desc).flatMap(({ exclusive = [] }) =>
      bound.some(({ name }) => exclusive.includes(name)) ? exclusive : [],
    );
    const kept = desc.fields.filter((each) => !bound.includes(each) && !excluded.includes(each.name));
    const suffix = bound.map(({ name }) => name).join("-");
    return component(`${desc.typeName}.without-${suffix}`, () => object(desc, kept));
  }

  function exclusionsOf({ parent, name }: DescField): string[] {
    const rules = messageRulesOf(parent).filter(({ exclusive }) => exclusive?.includes(name));
    return rules.map(({ words }) => comments.inJsonNames(words));
  }

  function object(desc: DescMessage, fields: readonly DescField[]): JsonObject {
    const isClosed = closed.has(desc);
    const required = isClosed ? fields.filter(fieldSchemas.isRequired).map(nameOf) : [];
    const rules = messageRulesOf(desc).filter((rule) => isAbout(rule, fields));
    const oneofs = desc.oneofs
      .map((oneof) => oneof.fields.filter((each) => fields.includes(each)))
      .filter((members) => members.length > 1);
    const words = [
      ...rules.map(({ words: text }) => text),
      ...oneofs.map(
        (members) => `At most one of ${members.map((each) => `\`${nameOf(each)}\``).join(", ")} is present`,
      ),
    ];
    const description = withWords(comments.about(desc.typeName), words.map(comments.inJsonNames));
    const exclusions = [
      ...rules.map(({ exclusive = [] }) => fields.filter(({ name }) => exclusive.includes(name))),
      ...oneofs,
    ];
    return {
      type: "object",
      ...(description !== undefined && { description }),
      properties: Object.fromEntries(fields.map((each) => [nameOf(each), fieldSchemas.field(each)])),
      ...(required.length > 0 && { required }),
      ...(isClosed && excluding(exclusions, nameOf)),
      ...(isClosed && { additionalProperties: false }),
      ...(desc.deprecated && { deprecated: true }),
    };
  }

  function enumeration(desc: DescEnum): JsonObject {
    const own = WELL_KNOWN.get(desc.typeName);
    if (own !== undefined) return own;
    return component(desc.typeName, () => {
      const values = desc.values.flatMap(({ name }) => {
        const text = comments.about(`${desc.typeName}.${name}`);
        return text === undefined ? [] : [`- \`${name}\`: ${text}`];
      });
      const parts = [comments.about(desc.typeName) ?? "", values.join("\n")].filter((part) => part !== "");
      return {
        type: "string",
        ...(parts.length > 0 && { description: parts.join("\n\n") }),
        enum: desc.values.map(({ name }) => name),
        ...(desc.deprecated && { deprecated: true }),
      };
    });
  }

  function component(name: string, make: () => JsonObject): JsonObject {
    if (components[name] === undefined) {
      // Reserved before it is complete: messages may be recursive.
      components[name] = {};
      components[name] = make();
    }
    return { $ref: `#/components/schemas/${name}` };
  }
}

/** Whether a rule concerns a message with only these fields. */
function isAbout({ exclusive }: MessageRule, fields: readonly DescField[]): boolean {
  return exclusive === undefined || exclusive.every((name) => fields.some((each) => each.name === name));
}

/** Allows a non-default value in at most one field of each group. */
function excluding(groups: readonly (readonly DescField[])[], nameOf: (field: DescField) => string): JsonObject {
  const pairs = groups.flatMap((fields) =>
    fields.flatMap((one, index) => fields.slice(index + 1).map((other) => together([one, other], nameOf))),
  );
  const [first] = pairs;
  if (first === undefined) return {};
  return { not: pairs.length === 1 ? first : { anyOf: pairs } };
}

function together(fields: readonly DescField[], nameOf: (field: DescField) => string): JsonObject {
  return {
    properties: Object.fromEntries(fields.map((each) => [nameOf(each), notZero(each)])),
    required: fields.map(nameOf),
  };
}

/** Schema of a non-default value of a field without presence; a field with presence is set if it is present. */
function notZero({ presence, fieldKind, scalar }: DescField): JsonObject {
  if (presence !== FeatureSet_FieldPresence.IMPLICIT || fieldKind !== "scalar") return {};
  if (scalar === ScalarType.BOOL) return { const: true };
  return scalar === ScalarType.STRING ? { minLength: 1 } : {};
}
