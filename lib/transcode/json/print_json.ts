import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  type MessageShape,
  ScalarType,
  toJsonString,
} from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, type Timestamp } from "@bufbuild/protobuf/wkt";
import { keptText } from "./kept_text.ts";

type Print = (value: never) => string;
type PrintMessage = (message: Message & Readonly<Record<string, unknown>>) => string;

const printers = new WeakMap<DescMessage, PrintMessage>();

/**
 * Prints the same text as `toJsonString` of protobuf-es, without intermediate objects. Throws an Error for a value that JSON cannot
 * represent.
 */
export function printJson<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): string {
  return printerOf(desc)(message);
}

function printerOf(desc: DescMessage): PrintMessage {
  const known = printers.get(desc);
  if (known !== undefined) return known;
  if (desc.typeName === "google.protobuf.Timestamp") return keep(desc, (message) => printTimestamp(message as never));
  // These have special JSON forms, and are rare.
  if (desc.typeName.startsWith("google.protobuf.")) return keep(desc, (message) => toJsonString(desc, message));
  const printFields: PrintMessage[] = [];
  // Set before its fields: messages may be recursive.
  const print = keep(desc, (message) => {
    let text = "";
    for (const printField of printFields) text += printField(message);
    return text === "" ? "{}" : `{${text.slice(1)}}`;
  });
  const sorted = desc.fields.toSorted((one, other) => one.number - other.number);
  printFields.push(...sorted.map(fieldPrinter));
  return print;
}

function keep(desc: DescMessage, print: PrintMessage): PrintMessage {
  printers.set(desc, print);
  return print;
}

/** Prints `,"name":value`, or nothing for an unset field. */
function fieldPrinter(field: DescField): PrintMessage {
  const { localName } = field;
  const head = `,${JSON.stringify(field.jsonName)}:`;
  const print = valuePrinter(field);
  if (field.oneof !== undefined) {
    const oneofName = field.oneof.localName;
    return (message) => {
      const oneof = message[oneofName] as { readonly case: string | undefined; readonly value: never };
      return oneof.case === localName ? head + print(oneof.value) : "";
    };
  }
  if (field.fieldKind === "list" || field.fieldKind === "map") {
    return (message) => {
      const value = message[localName] as never;
      return isEmpty(value) ? "" : head + print(value);
    };
  }
  if (isJsonField(field)) {
    return (message) => {
      const text = keptText(message, localName);
      const value = message[localName];
      if (text !== undefined) return head + text;
      return value === undefined ? "" : head + print(value as never);
    };
  }
  if (field.presence === FeatureSet_FieldPresence.IMPLICIT) {
    const isZero = zeroTest(field);
    return (message) => {
      const value = message[localName];
      return isZero(value) ? "" : head + print(value as never);
    };
  }
  return (message) => {
    const value = message[localName];
    return value === undefined || !Object.hasOwn(message, localName) ? "" : head + print(value as never);
  };
}

/** Whether the field holds arbitrary JSON. */
function isJsonField({ message }: DescField): boolean {
  return message?.typeName === "google.protobuf.Struct" || message?.typeName === "google.protobuf.Value";
}

function isEmpty(value: object): boolean {
  if (Array.isArray(value)) return value.length === 0;
  for (const _ in value) return false;
  return true;
}

function zeroTest(field: DescField): (value: unknown) => boolean {
  if (field.fieldKind === "enum") {
    const zero = field.enum.values[0]?.number;
    return (value) => value === zero;
  }
  switch (field.scalar) {
    case ScalarType.BYTES:
      return (value) => (value as Uint8Array).length === 0;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value) => Object.is(value, 0);
    default:
      // 0, 0n, "" and false.
      return (value) => value === "0" || !value;
  }
}

function valuePrinter(field: DescField): Print {
  switch (field.fieldKind) {
    case "list": {
      const print = singlePrinter(field);
      return (items: readonly never[]) => `[${items.map(print).join(",")}]`;
    }
    case "map": {
      const print = singlePrinter(field);
      return (entries: Readonly<Record<string, never>>) =>
        `{${Object.entries(entries)
          .map(([key, value]) => `${JSON.stringify(key)}:${print(value)}`)
          .join(",")}}`;
    }
    default:
      return singlePrinter(field);
  }
}

/** Prints the value of a field, or an item of it. */
function singlePrinter(field: DescField): Print {
  if (field.enum !== undefined) return enumPrinter(field.enum);
  if (field.message !== undefined) return messagePrinter(field.message, field);
  return scalarPrinter(field.scalar as ScalarType);
}

function enumPrinter(desc: DescEnum): Print {
  if (desc.typeName === "google.protobuf.NullValue") return () => "null";
  const names = new Map(desc.values.map(({ number, name }) => [number, JSON.stringify(name)]));
  // Values of a newer release print as numbers.
  return (value: number) => names.get(value) ?? String(value);
}

function messagePrinter(desc: DescMessage, field: DescField): Print {
  if (desc.typeName === "google.protobuf.Struct" && field.fieldKind === "message") {
    // In code it is JSON, which may hold what the message cannot represent.
    return (value: JsonValue) => toJsonString(desc, fromJson(desc, value));
  }
  const print = printerOf(desc);
  return (value: Message) => print(value as never);
}

function scalarPrinter(type: ScalarType): Print {
  switch (type) {
    case ScalarType.STRING:
      return (value: string) => JSON.stringify(value);
    case ScalarType.BYTES:
      return (value: Uint8Array) =>
        `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}"`;
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value: number) => (Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return (value: bigint | string) => `"${value}"`;
    default:
      return (value: number | boolean) => String(value);
  }
}

const FIRST_SECOND = -62_135_596_800n;
const LAST_SECOND = 253_402_300_799n;

/** The last printed second: most timestamps of a response are within one second. */
let [lastSecond, lastText] = [0n, "1970-01-01T00:00:00"];

function printTimestamp(time: Timestamp): string {
  const { seconds, nanos } = time;
  if (seconds < FIRST_SECOND || seconds > LAST_SECOND || nanos < 0 || nanos > 999_999_999)
    throw new Error(`cannot encode message ${time.$typeName} to JSON: not a time of the years 1 to 9999`);
  if (seconds !== lastSecond) {
    lastText = new Date(Number(seconds) * 1000).toISOString().slice(0, -5);
    lastSecond = seconds;
  }
  return `"${lastText}${printNanos(nanos)}Z"`;
}

/** With three, six or nine digits. */
function printNanos(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  if (digits.endsWith("000000")) return `.${digits.slice(0, 3)}`;
  return `.${digits.endsWith("000") ? digits.slice(0, 6) : digits}`;
}
