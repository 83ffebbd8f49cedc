import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonReadOptions,
  type JsonValue,
} from "@bufbuild/protobuf";
import { fieldNamed } from "../annotation/fields.ts";
import { cut, expectedValue, found } from "./expected.ts";

/** The target type of a JSON text: a message, or one field of it. */
export interface JsonTarget {
  readonly desc: DescMessage;
  readonly field: DescField | undefined;
  readonly jsonOptions: Partial<JsonReadOptions> | undefined;
}

/**
 * Explains why JSON could not be decoded: the invalid field by the names that the client used, the expected and the actual value. Undefined
 * if no single field is invalid, or it is far behind many others.
 */
export function explainJson({ desc, field, jsonOptions }: JsonTarget, json: JsonValue): string | undefined {
  const search = { jsonOptions, left: MOST_VALUES };
  const fault =
    field === undefined ? inMessage(search, desc, { json, at: "" }) : inField(search, field, { json, at: "" });
  return fault && print(fault);
}

/** Maximum number of items that are examined; each is decoded separately. */
const MOST_VALUES = 1000;

interface Search {
  readonly jsonOptions: Partial<JsonReadOptions> | undefined;
  left: number;
}

interface Place {
  readonly json: JsonValue;
  /** Such as `a.b[0]`; empty for the whole. */
  readonly at: string;
}

interface Fault {
  readonly at: string;
  readonly why: string;
  /** The actual value; undefined if it would not help, or must not be repeated. */
  readonly json?: JsonValue | undefined;
}

function inMessage(search: Search, desc: DescMessage, { json, at }: Place): Fault | undefined {
  if (!isObject(json)) {
    return { at, why: "expected an object", json };
  }
  for (const [key, value] of Object.entries(json)) {
    const field = fieldNamed(desc, key);
    if (field === undefined && search.jsonOptions?.ignoreUnknownFields !== true) {
      return { at, why: `${desc.typeName} has no field ${found(key)}` };
    }
    const fault = field && inField(search, field, { json: value, at: at === "" ? key : `${at}.${key}` });
    if (fault !== undefined) {
      return fault;
    }
  }
  return undefined;
}

function inField(search: Search, field: DescField, place: Place): Fault | undefined {
  const fault = place.json === null ? undefined : inPresent(search, field, place);
  return fault && field.proto.options?.debugRedact ? { ...fault, json: undefined } : fault;
}

function inPresent(search: Search, field: DescField, { json, at }: Place): Fault | undefined {
  switch (field.fieldKind) {
    case "list":
      if (!Array.isArray(json)) {
        return { at, why: "expected a list", json };
      }
      return first(json.entries(), ([index, item]) =>
        inValue(search, field, { json: item, at: `${at}[${index}]`, alone: [item] }),
      );
    case "map":
      if (!isObject(json)) {
        return { at, why: "expected an object", json };
      }
      return first(Object.entries(json).values(), ([key, item]) =>
        inValue(search, field, { json: item, at: `${at}[${found(key)}]`, alone: { [key]: item } }),
      );
    default:
      return inValue(search, field, { json, at, alone: json });
  }
}

/** `alone` is a message with this value in the field and nothing else. */
function inValue(
  search: Search,
  field: DescField,
  { json, at, alone }: Place & { readonly alone: JsonValue },
): Fault | undefined {
  if (search.left === 0) {
    return undefined;
  }
  search.left -= 1;
  if (field.message !== undefined && !field.message.typeName.startsWith("google.protobuf.")) {
    return inMessage(search, field.message, { json, at });
  }
  try {
    fromJson(field.parent, { [field.jsonName]: alone }, search.jsonOptions);
    return undefined;
  } catch (error) {
    return explain(field, { json, at }, error);
  }
}

function explain(field: DescField, { json, at }: Place, error: unknown): Fault {
  const expected = expectedValue(field);
  // If an object was expected and given, the error is inside, and only the decoder knows it.
  if (expected === undefined || (typeof json === "object" && expected === found(json))) {
    return { at, why: error instanceof Error ? error.message : String(error) };
  }
  return { at, why: `expected ${expected}`, json };
}

function print({ at, why, json }: Fault): string {
  return `${at === "" ? "" : `${cut(at)}: `}${why}${json === undefined ? "" : `, got ${found(json)}`}`;
}

function first<Item>(items: Iterable<Item>, look: (item: Item) => Fault | undefined): Fault | undefined {
  for (const item of items) {
    const fault = look(item);
    if (fault !== undefined) {
      return fault;
    }
  }
  return undefined;
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
