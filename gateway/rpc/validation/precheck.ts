import { type DescField, type DescMessage, getOption, hasOption, isFieldSet, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { FieldRulesSchema, fieldRules, Ignore, messageRules, oneofRules } from "../../../proto/mod.ts";
import { type Check, messageCheck, undecided } from "./precheck_expressions.ts";
import { all, checksOf } from "./precheck_rules.ts";

const checks = new WeakMap<DescMessage, Check>();

/**
 * Returns true only if a message certainly satisfies the rules of its proto. False leaves the decision to the validator: the message
 * violates a rule, or has a rule that is not precompiled here. The validator interprets expressions, and visits every field by reflection,
 * which costs several µs for a short job.
 */
export function passesPrecheck(desc: DescMessage, message: Message): boolean {
  const check = checks.get(desc) ?? compile(desc);
  checks.set(desc, check);
  return check(message);
}

function compile(desc: DescMessage): Check {
  const rules = getOption(desc, messageRules);
  const hasUnknown = rules.$unknown?.length || rules.oneof.length > 0;
  if (hasUnknown || desc.oneofs.some((oneof) => hasOption(oneof, oneofRules))) return undecided;
  const expressions = rules.cel.map(({ expression }) => messageCheck(desc, expression));
  return all([...desc.fields.flatMap(fieldChecks), ...expressions]);
}

/** Checks of a field, for the message that has it. */
function fieldChecks(field: DescField): Check[] {
  const rules = getOption(field, fieldRules);
  const { required, ignore } = rules;
  const ofValue = [...checksOf(reflect(FieldRulesSchema, rules), field), ...innerChecks(field)];
  if (ofValue.length === 0) return [];
  if (field.oneof !== undefined) return [undecided];
  const check = all(ofValue);
  const hasPresence = field.presence !== FeatureSet_FieldPresence.IMPLICIT;
  const isOptional = !required && (hasPresence || ignore === Ignore.IF_ZERO_VALUE);
  return [
    (message) => {
      if ((required || isOptional) && !isFieldSet(message as Message, field)) return isOptional;
      return check(Reflect.get(message as Message, field.localName));
    },
  ];
}

/** Checks of the messages in a field, by the rules of their own type. */
function innerChecks({ message: desc, fieldKind }: DescField): Check[] {
  if (desc === undefined || !hasRules(desc)) return [];
  const check: Check = (message) => passesPrecheck(desc, message as Message);
  if (fieldKind === "message") return [check];
  return [(messages) => Object.values(messages as object).every(check)];
}

/** Whether this message type, or one that it may contain, has rules. Struct has none, at any depth. */
function hasRules(desc: DescMessage, seen: Set<DescMessage> = new Set()): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  if (hasOption(desc, messageRules) || desc.oneofs.some((oneof) => hasOption(oneof, oneofRules))) return true;
  return desc.fields.some(
    (field) => hasOption(field, fieldRules) || (field.message !== undefined && hasRules(field.message, seen)),
  );
}
