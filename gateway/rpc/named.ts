import { type DescField, type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { names, ObjectKind } from "../../proto/mod.ts";
import type { Named } from "../access/mod.ts";
import { findFieldPaths } from "./field_paths.ts";

const KEYS: Readonly<Record<ObjectKind, keyof Named | undefined>> = {
  [ObjectKind.UNSPECIFIED]: undefined,
  [ObjectKind.JOB]: "job",
  [ObjectKind.CONTEXT]: "context",
  [ObjectKind.BINARY]: "binary",
  [ObjectKind.FILE]: "file",
};

/** Makes the function that finds the objects that a message names, by the option `names` of its fields and of those within them. */
export function createNameReader(desc: DescMessage): (message: Message) => Named {
  const paths = findFieldPaths(desc, (field) => KEYS[getOption(field, names)]);
  if (paths.length === 0) return () => ({});
  return (message) => {
    const reflected = reflect(desc, message);
    return Object.fromEntries(paths.map(({ fields, found }) => [found, nameAt(reflected, fields)]));
  };
}

/** The text in a field; that of an absent message is the empty text. */
function nameAt(message: ReflectMessage, [field, ...rest]: readonly DescField[]): string {
  if (field?.fieldKind === "message") return nameAt(message.get(field), rest);
  const value = field?.fieldKind === "scalar" ? message.get(field) : "";
  return typeof value === "string" ? value : "";
}
