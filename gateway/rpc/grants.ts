import { type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { grants } from "../../proto/mod.ts";
import type { Granting } from "../access/mod.ts";
import { findFieldPaths, valueAt } from "./field_paths.ts";

/**
 * Makes the function that finds what a message grants, by the option `grants` of its fields and of those within them. Refuses to be
 * made for a field in a oneof, which is kept elsewhere.
 */
export function createGrantReader(desc: DescMessage): (message: Message) => readonly Granting[] {
  const paths = findFieldPaths(desc, (field) => getOption(field, grants) || undefined);
  const inOneof = paths.flatMap(({ fields }) => fields).find(({ oneof }) => oneof !== undefined);
  if (inOneof !== undefined) throw new Error(`Field ${inOneof} grants something, and is in a oneof`);
  return (message) =>
    paths.flatMap(({ fields, found }): Granting[] => {
      const values = valueAt(message, fields);
      if (!Array.isArray(values) || values.length === 0) return [];
      return [{ permission: found, kind: fields.at(-1)?.name ?? "", values: values.map(String) }];
    });
}
