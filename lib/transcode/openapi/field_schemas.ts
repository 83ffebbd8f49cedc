import { type DescEnum, type DescField, type DescMessage, type JsonObject, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { type Comments, commentName, withWords } from "./comments.ts";
import type { ValueType } from "./constraint.ts";
import { constrain } from "./constraints.ts";
import { type FieldRules, rulesOf } from "./rules.ts";
import { SCALARS } from "./well_known.ts";

export interface FieldSchemas {
  /** The schema of a field, with its rules. */
  field(field: DescField): JsonObject;
  /** Whether a request without the field is rejected. */
  isRequired(field: DescField): boolean;
}

interface Deps {
  readonly comments: Comments;
  /** For message types of fields. */
  message(desc: DescMessage): JsonObject;
  enumeration(desc: DescEnum): JsonObject;
  /** Additional keywords of a field, beyond its rules. */
  readonly keywords: (field: DescField) => JsonObject;
}

/** A schema, and descriptions of the rules that it cannot express. */
interface Ruled {
  readonly schema: JsonObject;
  readonly words: readonly string[];
}

export function createFieldSchemas({ comments, message, enumeration, keywords }: Deps): FieldSchemas {
  return { field, isRequired };

  function field(desc: DescField): JsonObject {
    const { schema, words } = ruled(desc, rulesOf(desc));
    const about = describe(comments.about(commentName(desc)), words);
    return { ...schema, ...keywords(desc), ...about, ...(desc.deprecated && { deprecated: true }) };
  }

  /** Rules of a field without presence apply to its zero value, too, which is the value of an absent field. */
  function isRequired(desc: DescField): boolean {
    const rules = rulesOf(desc);
    if (rules.required) return true;
    if (rules.ignore !== undefined || desc.presence !== FeatureSet_FieldPresence.IMPLICIT) return false;
    return !allowsZero(desc, ruled(desc, rules).schema);
  }

  function ruled(desc: DescField, rules: FieldRules): Ruled {
    const least = rules.required ? "1" : undefined;
    if (desc.fieldKind === "list") {
      const { minItems = least, maxItems, unique, items = {} } = rules.repeated ?? {};
      const size = counted("Items", { min: minItems, max: maxItems });
      const schema = { type: "array", items: inner(desc, items), ...size, ...(unique && { uniqueItems: true }) };
      return { schema, words: [] };
    }
    if (desc.fieldKind !== "map") return value(desc, rules);
    const { minPairs = least, maxPairs, keys = {}, values = {} } = rules.map ?? {};
    const names = constrain({ scalar: desc.mapKey }, keys);
    const hasNames = Object.keys(names.keywords).length > 0;
    const schema = {
      type: "object",
      ...(hasNames && { propertyNames: { type: "string", ...names.keywords } }),
      additionalProperties: inner(desc, values),
      ...counted("Properties", { min: minPairs, max: maxPairs }),
    };
    return { schema, words: names.words.map((each) => `each name ${each}`) };
  }

  /** The schema of items or values. */
  function inner(type: ValueType, rules: FieldRules): JsonObject {
    const { schema, words } = value(type, rules);
    return { ...schema, ...describe(undefined, words) };
  }

  function value(type: ValueType, rules: FieldRules): Ruled {
    const { keywords, words } = constrain(type, rules);
    return { schema: { ...typed(type, keywords), ...keywords }, words };
  }

  function typed(type: ValueType, keywords: JsonObject): JsonObject {
    if (type.message !== undefined) return message(type.message);
    if (type.enum === undefined) return SCALARS[type.scalar ?? ScalarType.STRING];
    return keywords["enum"] === undefined ? enumeration(type.enum) : { type: "string" };
  }

  function describe(text: string | undefined, words: readonly string[]): JsonObject {
    const description = withWords(text, words.map(comments.inJsonNames));
    return description === undefined ? {} : { description };
  }
}

function counted(of: "Items" | "Properties", { min, max }: { min: string | undefined; max: string | undefined }) {
  return {
    ...(min !== undefined && { [`min${of}`]: Number(min) }),
    ...(max !== undefined && { [`max${of}`]: Number(max) }),
  };
}

/** Whether a schema allows the default value of a field without presence. */
function allowsZero({ fieldKind, enum: enumeration, scalar }: DescField, schema: JsonObject): boolean {
  const zero = enumeration?.values[0]?.name ?? ZEROS[scalar ?? ScalarType.STRING] ?? 0;
  const allowed = schema["enum"] as unknown[] | undefined;
  if (allowed !== undefined && !allowed.includes(zero)) return false;
  const is = (keyword: string, test: (limit: number) => boolean): boolean =>
    schema[keyword] === undefined || test(Number(schema[keyword]));
  if (fieldKind === "list") return is("minItems", (limit) => limit === 0);
  if (fieldKind === "map") return is("minProperties", (limit) => limit === 0);
  if (typeof zero === "string") {
    const isMatched = schema["pattern"] === undefined || new RegExp(String(schema["pattern"]), "u").test(zero);
    const isFormed = zero !== "" || schema["format"] === undefined || schema["contentEncoding"] !== undefined;
    return is("minLength", (limit) => limit === 0) && isMatched && isFormed;
  }
  return (
    is("minimum", (limit) => limit <= 0) &&
    is("maximum", (limit) => limit >= 0) &&
    is("exclusiveMinimum", (limit) => limit < 0) &&
    is("exclusiveMaximum", (limit) => limit > 0)
  );
}

/** Scalar types whose zero in JSON is not a number. */
const ZEROS: Readonly<Partial<Record<ScalarType, string | boolean>>> = {
  [ScalarType.STRING]: "",
  [ScalarType.BYTES]: "",
  [ScalarType.BOOL]: false,
  [ScalarType.INT64]: "0",
  [ScalarType.SINT64]: "0",
  [ScalarType.SFIXED64]: "0",
  [ScalarType.UINT64]: "0",
  [ScalarType.FIXED64]: "0",
};
