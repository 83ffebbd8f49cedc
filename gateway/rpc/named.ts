import { type DescField, type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { names, ObjectKind } from "../../proto/mod.ts";
import type { Named } from "../access/mod.ts";

/** Where a message names an object: the fields to go through, the last of which holds the name. */
interface Path {
  readonly fields: readonly DescField[];
  readonly key: keyof Named;
}

const KEYS: Readonly<Record<ObjectKind, keyof Named | undefined>> = {
  [ObjectKind.UNSPECIFIED]: undefined,
  [ObjectKind.JOB]: "job",
  [ObjectKind.CONTEXT]: "context",
  [ObjectKind.BINARY]: "binary",
  [ObjectKind.FILE]: "file",
};

/** Makes the function that finds the objects that a message names, by the option `names` of its fields and of those within them. */
export function createNameReader(desc: DescMessage): (message: Message) => Named {
  const paths = findPaths(desc, []);
  if (paths.length === 0) return () => ({});
  return (message) => {
    const reflected = reflect(desc, message);
    return Object.fromEntries(paths.map(({ fields, key }) => [key, nameAt(reflected, fields)]));
  };
}

/** Fields of the message itself, and of messages that are single fields of it; lists and maps name nothing that is acted on. */
function findPaths(desc: DescMessage, outer: readonly DescField[]): Path[] {
  return desc.fields.flatMap((field): Path[] => {
    const fields = [...outer, field];
    if (field.fieldKind === "message") {
      const isOurs = field.message.file.proto.package === desc.file.proto.package;
      const isNested = outer.some((each) => each.message === field.message);
      return isOurs && !isNested ? findPaths(field.message, fields) : [];
    }
    const key = KEYS[getOption(field, names)];
    return key === undefined ? [] : [{ fields, key }];
  });
}

/** The text in a field; that of an absent message is the empty text. */
function nameAt(message: ReflectMessage, [field, ...rest]: readonly DescField[]): string {
  if (field?.fieldKind === "message") return nameAt(message.get(field), rest);
  const value = field?.fieldKind === "scalar" ? message.get(field) : "";
  return typeof value === "string" ? value : "";
}
