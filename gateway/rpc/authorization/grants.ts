import { type DescMessage, getOption, type JsonObject, type Message } from "@bufbuild/protobuf";
import { grants } from "../../../proto/mod.ts";
import type { Granting } from "../../access/mod.ts";
import { PROXY_USER, proxyUsersOf } from "../../contexts/mod.ts";
import { findFieldPaths, valueAt } from "../field_paths.ts";

/**
 * Returns the function that finds what a message grants, by the option `grants` of its fields and of those within them. Throws for a field
 * in a oneof, because its value is stored elsewhere.
 */
export function createGrantReader(desc: DescMessage): (message: Message) => readonly Granting[] {
  const paths = findFieldPaths(desc, (field) => getOption(field, grants) || undefined);
  const inOneof = paths.flatMap(({ fields }) => fields).find(({ oneof }) => oneof !== undefined);
  if (inOneof !== undefined) throw new Error(`Field ${inOneof} grants something, and is in a oneof`);
  return (message) =>
    paths.flatMap(({ fields, found }): Granting[] => {
      const value = valueAt(message, fields);
      const granted = Array.isArray(value)
        ? { kind: fields.at(-1)?.name ?? "", values: value.map(String) }
        : { kind: PROXY_USER, values: isObject(value) ? proxyUsersOf(value) : [] };
      return granted.values.length === 0 ? [] : [{ permission: found, ...granted }];
    });
}

/** A field that grants something is a list of strings, or free settings. */
function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null;
}
