import { type DescField, type DescMessage, getOption, type Message } from "@bufbuild/protobuf";
import { grants } from "../../proto/mod.ts";
import type { Granting } from "../access/mod.ts";

/** A field whose values are granted to jobs: the fields to go through, the last of which holds them. */
interface Path {
  readonly fields: readonly DescField[];
  readonly permission: string;
}

/**
 * Makes the function that finds what a message grants, by the option `grants` of its fields and of those within them. Refuses to be
 * made for a field in a oneof, which is kept elsewhere.
 */
export function createGrantReader(desc: DescMessage): (message: Message) => readonly Granting[] {
  const paths = findPaths(desc, []);
  const inOneof = paths.flatMap(({ fields }) => fields).find(({ oneof }) => oneof !== undefined);
  if (inOneof !== undefined) throw new Error(`Field ${inOneof} grants something, and is in a oneof`);
  return (message) =>
    paths.flatMap(({ fields, permission }): Granting[] => {
      // Read without reflection: each call that passes the gate is.
      const values = fields.reduce<unknown>((value, { localName }) => memberOf(value, localName), message);
      if (!Array.isArray(values) || values.length === 0) return [];
      return [{ permission, kind: fields.at(-1)?.name ?? "", values: values.map(String) }];
    });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
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
