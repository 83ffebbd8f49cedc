import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { ContextSettingsSchema, JobSpecSchema, StopContextRequestSchema } from "../../../proto/mod.ts";

/** Returns true only if a value certainly satisfies a rule. False leaves the decision to the validator. */
export type Check = (value: unknown) => boolean;

/** The check of an unknown rule: leaves the decision to the validator. */
export const undecided: Check = () => false;

/** The CEL expressions on messages in the `.proto` files, by message name and literal text. */
const onMessages: Readonly<Record<string, Readonly<Record<string, Check>>>> = Object.fromEntries([
  expressionsOf(JobSpecSchema, {
    "this.context == '' || !has(this.context_settings)": ({ context, contextSettings }) =>
      context === "" || contextSettings === undefined,
    "this.binary != '' || has(this.sql)": ({ binary, sql }) => binary !== "" || sql !== undefined,
    "!has(this.sql) || (this.binary == '' && this.entry_point == '' && this.class_path.size() == 0)": (spec) =>
      spec.sql === undefined || (spec.binary === "" && spec.entryPoint === "" && spec.classPath.length === 0),
  }),
  expressionsOf(ContextSettingsSchema, {
    "this.named_objects_bytes <= (this.memory_bytes == 0 ? 536870912 : this.memory_bytes)": (settings) =>
      settings.namedObjectsBytes <= (settings.memoryBytes === 0n ? 536_870_912n : settings.memoryBytes),
  }),
  expressionsOf(StopContextRequestSchema, {
    "!(this.force && this.drain)": ({ force, drain }) => !(force && drain),
  }),
]);

/** The CEL expressions on strings. Omits those of file uploads, which are rare. */
const onTexts: Readonly<Record<string, (text: string) => boolean>> = {
  ["this.matches('^[A-Za-z][A-Za-z0-9._~-]{0,127}$')"]: matches(/^[A-Za-z][A-Za-z0-9._~-]{0,127}$/),
  ["this.matches('^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$')"]: matches(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$/),
  [String.raw`this.matches('^[A-Za-z0-9._:\\[\\]-]{1,255}$')`]: matches(/^[A-Za-z0-9._:[\]-]{1,255}$/),
  ["this.matches('^[A-Za-z0-9*][A-Za-z0-9._*-]{0,127}$')"]: matches(/^[A-Za-z0-9*][A-Za-z0-9._*-]{0,127}$/),
  [String.raw`this.matches('^[^=\x00]+$')`]: (text) => text !== "" && !text.includes("=") && !text.includes("\0"),
  [String.raw`!this.contains('\x00')`]: (text) => !text.includes("\0"),
};

/** The check that is equivalent to a CEL expression on a message of this type. */
export function messageCheck({ typeName }: DescMessage, expression: string): Check {
  return onMessages[typeName]?.[expression] ?? undecided;
}

/** The check that is equivalent to a CEL expression on a string. */
export function textCheck(expression: string): Check {
  const holds = onTexts[expression];
  return holds === undefined ? undecided : (value) => typeof value === "string" && holds(value);
}

function expressionsOf<Desc extends DescMessage>(
  { typeName }: Desc,
  checks: Readonly<Record<string, (message: MessageShape<Desc>) => boolean>>,
): [string, Readonly<Record<string, Check>>] {
  // Looked up by the type of the message that they are called with.
  return [typeName, checks as Readonly<Record<string, Check>>];
}

function matches(pattern: RegExp): (text: string) => boolean {
  return (text) => pattern.test(text);
}
