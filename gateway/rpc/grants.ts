import { type DescField, type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { grants } from "../../proto/mod.ts";
import type { Granting } from "../access/mod.ts";

/** A field whose values are granted to jobs: the fields to go through, the last of which holds them. */
interface Path {
  readonly fields: readonly DescField[];
  readonly permission: string;
}

/** Makes the function that finds what a message grants, by the option `grants` of its fields and of those within them. */
export function createGrantReader(desc: DescMessage): (message: Message) => readonly Granting[] {
  const paths = findPaths(desc, []);
  if (paths.length === 0) return () => [];
  return (message) => {
    const reflected = reflect(desc, message);
    return paths.flatMap(({ fields, permission }): Granting[] => {
      const values = valuesAt(reflected, fields);
      return values.length === 0 ? [] : [{ permission, kind: fields.at(-1)?.name ?? "", values }];
    });
  };
}

/** Fields of the message itself, and of messages that are single fields of it. */
function findPaths(desc: DescMessage, outer: readonly DescField[]): Path[] {
  return desc.fields.flatMap((field): Path[] => {
    const fields = [...outer, field];
    if (field.fieldKind === "message") {
      const isOurs = field.message.file.proto.package === desc.file.proto.package;
      const isNested = outer.some((each) => each.message === field.message);
      return isOurs && !isNested ? findPaths(field.message, fields) : [];
    }
    const permission = getOption(field, grants);
    return permission === "" ? [] : [{ fields, permission }];
  });
}

/** The texts in a list; those of an absent message are none. */
function valuesAt(message: ReflectMessage, [field, ...rest]: readonly DescField[]): string[] {
  if (field?.fieldKind === "message") return message.isSet(field) ? valuesAt(message.get(field), rest) : [];
  return field?.fieldKind === "list" ? Array.from(message.get(field), String) : [];
}
