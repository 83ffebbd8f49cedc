import type { DescMessage, JsonObject, JsonValue, Message } from "@bufbuild/protobuf";
import { fieldNamed } from "../annotation/fields.ts";
import { endOfValue, findMember, isPlainJson } from "./json_scan.ts";
import { keepText } from "./kept_text.ts";

/** Number of message levels whose fields are searched: a request, and the messages in it. */
const MESSAGE_LEVELS = 2;

/** A `google.protobuf.Struct` in the JSON of a message. */
interface StructText {
  /** Names of members, as written. */
  readonly path: readonly string[];
  readonly text: string;
  readonly value: JsonObject;
}

/**
 * Removes the `google.protobuf.Struct` values from the JSON of a message, and keeps them as text, without decoding them to messages. Leaves
 * those that nest deeper than `levels`, or have a number that not every parser accepts. `text` must be the text of that JSON, without
 * duplicate names.
 */
export function takeStructs(desc: DescMessage, json: JsonValue, { text, levels }: { text: Buffer; levels: number }) {
  const taken: StructText[] = [];
  const rest = takeFrom(desc, json, { text, levels, start: firstByte(text), path: [], taken });
  return {
    /** The JSON without them. */
    rest,
    /** Adds them to the message that was decoded from the rest. */
    restore(message: Message): void {
      for (const each of taken) restoreAt(desc, message, each);
    },
  };
}

interface Place {
  readonly text: Buffer;
  readonly levels: number;
  /** Index of the first byte of the value. */
  readonly start: number;
  readonly path: readonly string[];
  readonly taken: StructText[];
}

function takeFrom(desc: DescMessage, json: JsonValue, place: Place): JsonValue {
  if (!isObject(json) || desc.typeName.startsWith("google.protobuf.")) return json;
  const { text, levels, start, path, taken } = place;
  let rest: JsonObject | undefined;
  for (const [name, value] of Object.entries(json)) {
    const field = fieldNamed(desc, name);
    if (field?.fieldKind !== "message" || field.oneof !== undefined || !isObject(value)) continue;
    // A field with two names could be present twice.
    const isStruct = field.message.typeName === "google.protobuf.Struct" && field.name === field.jsonName;
    if (!isStruct && (field.message.typeName.startsWith("google.protobuf.") || path.length + 1 === MESSAGE_LEVELS))
      continue;
    const at = findMember(text, start, name);
    if (at === undefined) continue;
    const inner = [...path, name];
    if (!isStruct) {
      rest = { ...(rest ?? json), [name]: takeFrom(field.message, value, { ...place, start: at, path: inner }) };
      continue;
    }
    const own = text.subarray(at, endOfValue(text, at));
    if (!isPlainJson(own, levels)) continue;
    taken.push({ path: inner, text: own.toString(), value });
    const { [name]: _, ...others } = rest ?? json;
    rest = others;
  }
  return rest ?? json;
}

function restoreAt(desc: DescMessage, message: Message, { path: [name = "", ...path], text, value }: StructText): void {
  const field = fieldNamed(desc, name);
  if (field?.fieldKind !== "message") return;
  // The names of fields in code are not known here.
  const fields = message as unknown as Record<string, unknown>;
  if (path.length > 0) {
    restoreAt(field.message, fields[field.localName] as Message, { path, text, value });
    return;
  }
  fields[field.localName] = value;
  keepText(message, field.localName as never, text);
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function firstByte(text: Buffer): number {
  return Math.max(0, text.indexOf("{"));
}
