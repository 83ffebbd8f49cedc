import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { messagesIn } from "./messages.ts";

/** Comments of the protos and other descriptions, adapted to readers of the JSON form. */
export interface Comments {
  /** By full name; enum values are named below their enum. */
  about(name: string): string | undefined;
  /** Replaces names of fields by their JSON names. */
  inJsonNames(text: string): string;
}

/** `roots` are messages from which all names in the comments are reachable. */
export function createComments(
  texts: Readonly<Record<string, string>>,
  { roots, useProtoFieldName }: { roots: readonly DescMessage[]; useProtoFieldName: boolean },
): Comments {
  const names = new Map(
    messagesIn(roots).flatMap(({ fields }) => fields.map(({ name, jsonName }) => [name, jsonName])),
  );
  const rename = (text: string, print: (name: string) => string): string =>
    text.replaceAll(/(?<![\w/])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?!\w)/g, (name) => {
      const jsonName = names.get(name);
      return jsonName === undefined ? name : print(jsonName);
    });
  const inJsonNames = (text: string): string => {
    if (useProtoFieldName) return text;
    const parts = text.split("`");
    return parts.map((part, index) => rename(part, (name) => (index % 2 === 1 ? name : `\`${name}\``))).join("`");
  };
  return {
    about(name) {
      const text = texts[name];
      return text === undefined ? undefined : inJsonNames(text);
    },
    inJsonNames,
  };
}

/** The first clause of the first sentence, without its full stop. */
export function summarize(text: string): string {
  const [paragraph = ""] = text.split("\n\n");
  return (/^(.+?)[.:;](?=\s|$)/s.exec(paragraph)?.[1] ?? paragraph).trim();
}

/** A text followed by the descriptions of rules. */
export function withWords(text: string | undefined, words: readonly string[]): string | undefined {
  const sentences = words.map(
    (each) => `${each.charAt(0).toUpperCase()}${each.slice(1)}${/[.!?]$/.test(each) ? "" : "."}`,
  );
  const parts = [...(text === undefined || text === "" ? [] : [text]), ...sentences];
  return parts.length === 0 ? undefined : parts.join(" ");
}

/** The name of the comment of a field. */
export function commentName(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}
