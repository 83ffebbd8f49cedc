import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectList, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { FieldRulesSchema, type Rule } from "../../../proto/mod.ts";
import { type Check, textCheck, undecided } from "./precheck_expressions.ts";

/** Creates the check of a rule from the value of the rule, and the field that has it. */
type CheckMaker = (rule: never, field: DescField) => (value: never) => boolean;

/** The pattern of protovalidate. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const keepsAnyway = (): (() => boolean) => () => true;

/**
 * The rules of buf/validate/validate.proto that the `.proto` files use. The validator counts code points: at most as many as UTF-16 units,
 * and at least half as many.
 */
const standardRules: Readonly<Record<string, CheckMaker>> = {
  // For fields, `precheck.ts` handles these two; for elements, the validator would check less.
  "FieldRules.required": keepsAnyway,
  "FieldRules.ignore": keepsAnyway,
  "FieldRules.cel": (rules: ReflectList<ReflectMessage>) =>
    all([...rules].map(({ message }) => textCheck((message as Rule).expression))),
  "StringRules.min_len": (least: bigint) => (text: string) => text.length >= 2 * Number(least) - 1,
  "StringRules.max_len": (most: bigint) => (text: string) => text.length <= most,
  "StringRules.uuid": () => (text: string) => UUID.test(text),
  "EnumRules.defined_only": (_: boolean, field) => {
    const numbers = new Set(field.enum?.values.map(({ number }) => number));
    return (number: number) => numbers.has(number);
  },
  "DurationRules.gt": (least: ReflectMessage) => (duration: Duration) => isLonger(duration, least.message as Duration),
  "DurationRules.gte": (least: ReflectMessage) => (duration: Duration) =>
    !isLonger(least.message as Duration, duration),
  // Declared before `items`, and `max_pairs` before `keys`, so that lists that are too large are not scanned.
  "RepeatedRules.max_items": (most: bigint) => (list: readonly unknown[]) => list.length <= most,
  "RepeatedRules.items": (items: ReflectMessage, field) => {
    const check = all(checksOf(items, field));
    return (list: readonly unknown[]) => list.every(check);
  },
  "MapRules.max_pairs": (most: bigint) => (map: object) => Object.keys(map).length <= most,
  "MapRules.keys": (keys: ReflectMessage, field) => {
    if (field.fieldKind !== "map" || field.mapKey !== ScalarType.STRING) return undecided;
    const check = all(checksOf(keys, field));
    return (map: object) => Object.keys(map).every(check);
  },
  "MapRules.values": (values: ReflectMessage, field) => {
    const check = all(checksOf(values, field));
    return (map: object) => Object.values(map).every(check);
  },
};

/** Rules of all numeric types. */
const rulesOfNumbers: Readonly<Record<string, CheckMaker>> = {
  gte: (least: bigint) => (number: bigint) => number >= least,
  lte: (most: bigint) => (number: bigint) => number <= most,
};

/** The checks of the rules that are set, in declaration order. */
export function checksOf(rules: ReflectMessage, field: DescField): Check[] {
  if (rules.getUnknown()?.length) return [undecided];
  return rules.fields
    .filter((rule) => rules.isSet(rule))
    .flatMap((rule) => {
      const value = rules.get(rule);
      // The rules of one type: `FieldRules.string`.
      if (rules.desc === FieldRulesSchema && isReflectMessage(value)) return checksOf(value, field);
      const ofNumbers = rule.fieldKind === "scalar" ? rulesOfNumbers[rule.name] : undefined;
      const make = standardRules[`${rules.desc.name}.${rule.name}`] ?? ofNumbers;
      return make === undefined ? undecided : (make(value as never, field) as Check);
    });
}

/** Whether a value passes all checks. */
export function all(checks: readonly Check[]): Check {
  return (value) => {
    for (const check of checks) if (!check(value)) return false;
    return true;
  };
}

/** Requires normalized durations, with nanos below a second and of the same sign: `findUnwritable` rejects others. */
function isLonger(one: Duration, other: Duration): boolean {
  return one.seconds === other.seconds ? one.nanos > other.nanos : one.seconds > other.seconds;
}
