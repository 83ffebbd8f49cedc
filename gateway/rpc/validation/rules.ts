import { type DescMessage, isMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  isReflectList,
  isReflectMap,
  isReflectMessage,
  type Path,
  pathToString,
  type ReflectMessage,
  reflect,
} from "@bufbuild/protobuf/reflect";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import type { Validator, Violation } from "@bufbuild/protovalidate";
import { requestInvalid } from "../../../proto/errors.ts";
import { findUnwritable } from "../../../proto/mod.ts";
import { passesPrecheck } from "./precheck.ts";
import { oversized } from "./sizes.ts";

/** Maximum number of listed violations; the rest is counted. An error may travel in a header. */
const MAX_LISTED = 8;

/** Maximum length of a text that an error repeats. */
const LONGEST_TEXT = 100;

/** Control and format characters and line breaks, which would change what a terminal or reader shows. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Throws InvalidArgument if a request violates rules of its proto. */
export function checkRules<Desc extends DescMessage>(
  validator: Validator,
  desc: Desc,
  message: MessageShape<Desc>,
): void {
  const broken = brokenRules(validator, desc, message);
  if (broken.length > 0) throw requestInvalid(broken.join("; "));
}

/** Descriptions of the violated rules: the field, what it must be, and the actual value. */
export function brokenRules<Desc extends DescMessage>(
  validator: Validator,
  desc: Desc,
  message: MessageShape<Desc>,
): string[] {
  return passesPrecheck(desc, message) && findUnwritable(desc, message) === undefined
    ? []
    : explain(validator, desc, message);
}

/** Runs the validator on a message that may violate rules. */
function explain<Desc extends DescMessage>(validator: Validator, desc: Desc, message: MessageShape<Desc>): string[] {
  const tooLarge = oversized(desc, message);
  if (tooLarge.length > 0) return tooLarge;
  // Possible by gRPC, and with numbers such as 1e400. A stored message could not be printed as JSON later.
  const unwritable = findUnwritable(desc, message);
  if (unwritable !== undefined) return [`${printable(unwritable.path)}: ${unwritable.why}`];
  const checked = validator.validate(desc, message);
  if (checked.kind === "error") throw checked.error;
  if (checked.kind === "valid") return [];
  const { violations } = checked;
  const told = violations.slice(0, MAX_LISTED).map((violation) => describe(reflect(desc, message), violation));
  const left = violations.length - told.length;
  return left > 0 ? [...told, `${left} more`] : told;
}

function describe(message: ReflectMessage, { field: path, message: text, ruleId, forKey }: Violation): string {
  const rule = text === "" ? ruleId : text;
  if (path.length === 0) return rule;
  const last = path.at(-1);
  const key = forKey && last?.kind === "map_sub" ? last.key : undefined;
  const where = key === undefined ? printable(pathToString(path)) : `${pathToString(path.slice(0, -1))}, key`;
  const given = key === undefined ? printAt(message, path) : print(key);
  return `${where}: ${rule}${given === undefined ? "" : `, got ${given}`}`;
}

/** The value at a path; undefined if there is nothing to show, or it may be secret. */
function printAt(message: ReflectMessage, path: Path): string | undefined {
  let value: unknown = message;
  for (const step of path) {
    if (step.kind === "field" && step.proto.options?.debugRedact) return undefined;
    if (step.kind === "field" && isReflectMessage(value)) value = value.get(step);
    else if (step.kind === "list_sub" && isReflectList(value)) value = value.get(step.index);
    else if (step.kind === "map_sub" && isReflectMap(value)) value = value.get(step.key);
    else return undefined;
  }
  return print(value);
}

function print(value: unknown): string | undefined {
  if (typeof value === "string") return `"${printable(value)}"`;
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (!isReflectMessage(value) || !isMessage(value.message, DurationSchema)) return undefined;
  const { seconds, nanos } = value.message;
  return `${Number(seconds) + nanos / 1e9}s`;
}

/** A text that is safe to show, shortened if long. */
function printable(text: string): string {
  const kept = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  return kept.replaceAll(INVISIBLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
