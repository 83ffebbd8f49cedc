import { type DescField, type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { names, ObjectKind } from "../../../proto/mod.ts";
import type { ResourceNames } from "../../access/mod.ts";
import { findFieldPaths, valueAt } from "../field_paths.ts";

const KEYS: Readonly<Record<ObjectKind, keyof ResourceNames | undefined>> = {
  [ObjectKind.UNSPECIFIED]: undefined,
  [ObjectKind.JOB]: "job",
  [ObjectKind.CONTEXT]: "context",
  [ObjectKind.BINARY]: "binary",
  [ObjectKind.FILE]: "file",
};

/** The keys of fields that are lists. */
const LIST_KEYS: Partial<Record<ObjectKind, "classPath">> = { [ObjectKind.BINARY]: "classPath" };

/** Returns the function that finds the resources that a message names, by the option `names` of its fields and of those within them. */
export function createResourceReader(desc: DescMessage): (message: Message) => ResourceNames {
  const single = findFieldPaths(desc, (field) => (isList(field) ? undefined : KEYS[getOption(field, names)]));
  const lists = findFieldPaths(desc, (field) => (isList(field) ? listKey(field) : undefined));
  if (single.length === 0 && lists.length === 0) return () => ({});
  return (message) => {
    const reflected = reflect(desc, message);
    return {
      ...Object.fromEntries(single.map(({ fields, found }) => [found, nameAt(reflected, fields)])),
      ...Object.fromEntries(lists.map(({ fields, found }) => [found, namesAt(message, fields)])),
    };
  };
}

function isList({ fieldKind }: DescField): boolean {
  return fieldKind === "list";
}

/** Throws for a list of names that authorization does not check. */
function listKey(field: DescField): "classPath" | undefined {
  const kind = getOption(field, names);
  if (kind === ObjectKind.UNSPECIFIED) return undefined;
  const key = LIST_KEYS[kind];
  if (key === undefined) throw new Error(`Field ${field} names a list of objects of kind ${ObjectKind[kind]}`);
  return key;
}

/** The strings in a list; empty for an absent message. */
function namesAt(message: Message, fields: readonly DescField[]): string[] {
  const values = valueAt(message, fields);
  return Array.isArray(values) ? values.map(String) : [];
}

/** The string in a field; empty for an absent message. */
function nameAt(message: ReflectMessage, [field, ...rest]: readonly DescField[]): string {
  if (field?.fieldKind === "message") return nameAt(message.get(field), rest);
  const value = field?.fieldKind === "scalar" ? message.get(field) : "";
  return typeof value === "string" ? value : "";
}
