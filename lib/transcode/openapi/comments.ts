import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { messagesIn } from "./messages.ts";

/** Comments of the protos, and other words about them, as readers of the JSON form want them. */
export interface Comments {
  /** By full name; values of enums stand below their enum. */
  about(name: string): string | undefined;
  /** Writes fields as JSON has them. */
  inJsonNames(text: string): string;
}

/** `roots` are messages through which all that the comments name can be reached. */
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

/** What the first sentence says first, without its full stop. */
export function summarize(text: string): string {
  const [paragraph = ""] = text.split("\n\n");
  return (/^(.+?)[.:;](?=\s|$)/s.exec(paragraph)?.[1] ?? paragraph).trim();
}

/** A text with what rules say in words after it. */
export function withWords(text: string | undefined, words: readonly string[]): string | undefined {
  const sentences = words.map(
    (each) => `${each.charAt(0).toUpperCase()}${each.slice(1)}${/[.!?]$/.test(each) ? "" : "."}`,
  );
  const parts = [...(text === undefined || text === "" ? [] : [text]), ...sentences];
  return parts.length === 0 ? undefined : parts.join(" ");
}

/** The name under which the comment of a field is. */
export function commentName(field: DescField): string {
  return `${field.parent.typeName}.${field.name}`;
}
