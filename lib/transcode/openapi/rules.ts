import { type DescField, type DescMessage, getOption, hasOption, toJson } from "@bufbuild/protobuf";
import {
  FieldRulesSchema,
  field as fieldRules,
  MessageRulesSchema,
  message as messageRules,
} from "../../../proto/gen/es/buf/validate/validate_pb.js";
import { readExclusion } from "./expressions.ts";

/** Rules of buf.validate (https://protovalidate.com/reference/rules/standard_rules/) in their JSON form, without unset fields. */
export interface FieldRules {
  readonly required?: boolean;
  readonly ignore?: string;
  readonly cel?: readonly CelRule[];
  readonly celExpression?: readonly string[];
  readonly string?: TextRules;
  readonly enum?: { readonly const?: number; readonly in?: readonly number[]; readonly notIn?: readonly number[] };
  readonly bool?: { readonly const?: boolean };
  readonly bytes?: { readonly [name: string]: unknown };
  readonly duration?: BoundRules<string>;
  readonly timestamp?: BoundRules<string> & { readonly [name: string]: unknown };
  readonly repeated?: {
    readonly minItems?: string;
    readonly maxItems?: string;
    readonly unique?: boolean;
    readonly items?: FieldRules;
  };
  readonly map?: {
    readonly minPairs?: string;
    readonly maxPairs?: string;
    readonly keys?: FieldRules;
    readonly values?: FieldRules;
  };
  readonly [number: string]: unknown;
}

export interface CelRule {
  readonly message?: string;
  readonly expression?: string;
}

/** Bounds of numbers and times; 64-bit numbers are strings. */
export interface BoundRules<Value> {
  readonly const?: Value;
  readonly lt?: Value;
  readonly lte?: Value;
  readonly gt?: Value;
  readonly gte?: Value;
  readonly in?: readonly Value[];
  readonly notIn?: readonly Value[];
}

export interface TextRules {
  readonly const?: string;
  readonly len?: string;
  readonly minLen?: string;
  readonly maxLen?: string;
  readonly lenBytes?: string;
  readonly minBytes?: string;
  readonly maxBytes?: string;
  readonly pattern?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly notContains?: string;
  readonly in?: readonly string[];
  readonly notIn?: readonly string[];
  /** `uuid: true` and the like. */
  readonly [wellKnown: string]: unknown;
}

const NO_RULES: FieldRules = {};

const rulesByField = new WeakMap<DescField, FieldRules>();

export function rulesOf(field: DescField): FieldRules {
  const known = rulesByField.get(field) ?? readRules(field);
  rulesByField.set(field, known);
  return known;
}

function readRules(field: DescField): FieldRules {
  if (!hasOption(field, fieldRules)) return NO_RULES;
  const rules = toJson(FieldRulesSchema, getOption(field, fieldRules)) as FieldRules;
  return rules.ignore === "IGNORE_ALWAYS" ? NO_RULES : rules;
}

/** A rule of a message about several fields. */
export interface MessageRule {
  readonly words: string;
  /** Proto names of mutually exclusive fields; undefined for any other rule. */
  readonly exclusive?: readonly string[] | undefined;
}

export function messageRulesOf(desc: DescMessage): MessageRule[] {
  if (!hasOption(desc, messageRules)) return [];
  const rules = toJson(MessageRulesSchema, getOption(desc, messageRules)) as {
    readonly cel?: readonly CelRule[];
    readonly celExpression?: readonly string[];
    readonly oneof?: readonly { readonly fields?: readonly string[]; readonly required?: boolean }[];
  };
  return [
    ...celRulesOf(rules).map((rule) => ({ words: wordsOf(rule), exclusive: readExclusion(rule.expression ?? "") })),
    ...(rules.oneof ?? []).map(({ fields = [], required = false }) => ({
      words: `${required ? "exactly" : "at most"} one of ${fields.join(", ")} may be given`,
      exclusive: fields,
    })),
  ];
}

export function celRulesOf({ cel = [], celExpression = [] }: Pick<FieldRules, "cel" | "celExpression">): CelRule[] {
  return [...cel, ...celExpression.map((expression) => ({ expression }))];
}

/** The description of a rule, or its expression if it has none. */
export function wordsOf({ message, expression = "" }: CelRule): string {
  return message || `\`${expression}\``;
}
