import { type DescEnum, ScalarType } from "@bufbuild/protobuf";
import type { Constraints, ValueType } from "./constraint.ts";
import { constrainDuration, constrainNumber, constrainWide, type WideNumber } from "./number_constraints.ts";
import { type BoundRules, celRulesOf, type FieldRules, wordsOf } from "./rules.ts";
import { constrainText } from "./text_constraints.ts";

const NONE: Constraints = { keywords: {}, words: [] };

/** The constraints of rules for a value of a type. */
export function constrain(type: ValueType, rules: FieldRules): Constraints {
  const cel = celRulesOf(rules);
  if (type.message === undefined && type.enum === undefined && type.scalar === ScalarType.STRING) {
    return constrainText(rules.string ?? {}, { cel, isRequired: rules.required });
  }
  const { keywords, words } = constrainOther(type, rules);
  return { keywords, words: [...words, ...cel.map(wordsOf)] };
}

function constrainOther(type: ValueType, rules: FieldRules): Constraints {
  if (type.message !== undefined) return constrainMessage(type.message.typeName, rules);
  if (type.enum !== undefined) return constrainEnum(type.enum, rules.enum);
  return type.scalar === undefined ? NONE : constrainScalar(type.scalar, rules);
}

const WORDS_OF_64_BITS: Readonly<Partial<Record<ScalarType, WideNumber>>> = {
  [ScalarType.INT64]: ["int64", -(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SINT64]: ["sint64", -(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SFIXED64]: ["sfixed64", -(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.UINT64]: ["uint64", 0n, 2n ** 64n - 1n],
  [ScalarType.FIXED64]: ["fixed64", 0n, 2n ** 64n - 1n],
};

const NUMBERS: Readonly<Partial<Record<ScalarType, string>>> = {
  [ScalarType.DOUBLE]: "double",
  [ScalarType.FLOAT]: "float",
  [ScalarType.INT32]: "int32",
  [ScalarType.SINT32]: "sint32",
  [ScalarType.SFIXED32]: "sfixed32",
  [ScalarType.UINT32]: "uint32",
  [ScalarType.FIXED32]: "fixed32",
};

function constrainScalar(scalar: ScalarType, rules: FieldRules): Constraints {
  const wide = WORDS_OF_64_BITS[scalar];
  if (wide !== undefined) return constrainWide(rules[wide[0]] as BoundRules<string> | undefined, wide);
  const name = NUMBERS[scalar];
  if (name !== undefined) return constrainNumber(rules[name] as BoundRules<number> | undefined);
  if (scalar === ScalarType.BOOL) {
    const value = rules.bool?.const;
    return value === undefined ? NONE : { keywords: { enum: [value] }, words: [] };
  }
  const words = Object.entries(rules.bytes ?? {}).map(([rule, value]) => `${rule} of the bytes: ${String(value)}`);
  return { keywords: {}, words };
}

function constrainEnum({ values }: DescEnum, rules: FieldRules["enum"] = {}): Constraints {
  const allowed = rules.const === undefined ? rules.in : [rules.const];
  if (allowed === undefined && rules.notIn === undefined) return NONE;
  const kept = values.filter(({ number }) => (allowed?.includes(number) ?? true) && !rules.notIn?.includes(number));
  return { keywords: { enum: kept.map(({ name }) => name) }, words: [] };
}

function constrainMessage(typeName: string, { duration, timestamp }: FieldRules): Constraints {
  if (typeName === "google.protobuf.Duration" && duration !== undefined) return constrainDuration(duration);
  if (typeName !== "google.protobuf.Timestamp" || timestamp === undefined) return NONE;
  const words = Object.entries(timestamp).map(([rule, value]) => TIME_WORDS[rule]?.(String(value)) ?? "");
  return { keywords: {}, words: words.filter((each) => each !== "") };
}

const TIME_WORDS: Readonly<Record<string, (value: string) => string>> = {
  const: (value) => `must be ${value}`,
  lt: (value) => `must be before ${value}`,
  lte: (value) => `must not be after ${value}`,
  gt: (value) => `must be after ${value}`,
  gte: (value) => `must not be before ${value}`,
  ltNow: () => "must be in the past",
  gtNow: () => "must be in the future",
  within: (value) => `must be within ${value} of now`,
};
