import { type DescMessage, fromJson, type Message, type MessageShape } from "@bufbuild/protobuf";

const KEPT = Symbol("texts of fields");

/** The JSON text of a field, and the value of the field when the text was kept. */
interface Kept {
  readonly text: string;
  readonly value: unknown;
}

type Texts = Record<string, Kept | undefined>;

/** A message as an untyped record: the names of its fields are not known here. */
type Fields = Record<string, unknown> & { [KEPT]?: Texts };

/**
 * Keeps the JSON text of a `google.protobuf.Struct` or `Value` field for consumers that pass it on. The field itself may stay unset:
 * `readKept` parses it from the text.
 */
export function keepText<Shape extends Message>(message: Shape, name: keyof Shape & string, text: string): void {
  const fields = message as unknown as Fields;
  fields[KEPT] = { ...fields[KEPT], [name]: { text, value: fields[name] } };
}

/** The JSON text of a field; undefined if it was not kept, or the field has changed since. */
export function keptText(message: Message, name: string): string | undefined {
  const fields = message as unknown as Fields;
  const kept = fields[KEPT]?.[name];
  return kept !== undefined && kept.value === fields[name] ? kept.text : undefined;
}

/** Parses the kept texts of unset fields, for consumers that do not use the texts. */
export function readKept<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): void {
  const fields = message as unknown as Fields;
  if (fields[KEPT] === undefined) return;
  for (const { localName, message: type } of desc.fields) {
    const text = keptText(message, localName);
    if (text === undefined || type === undefined || fields[localName] !== undefined) continue;
    const json = JSON.parse(text);
    fields[localName] = type.typeName === "google.protobuf.Struct" ? json : fromJson(type, json);
  }
}
