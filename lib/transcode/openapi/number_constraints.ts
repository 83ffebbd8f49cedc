import { type Constraints, listed } from "./constraint.ts";
import { type DurationBounds, printDurations, printRange } from "./ranges.ts";
import type { BoundRules } from "./rules.ts";

/** A 64-bit number type. */
export type WideNumber = readonly [name: string, min: bigint, max: bigint];

export function constrainNumber(rules: BoundRules<number> = {}): Constraints {
  const { lt, lte, gt, gte, notIn } = rules;
  if ((gt ?? gte ?? Number.NEGATIVE_INFINITY) > (lt ?? lte ?? Number.POSITIVE_INFINITY)) return outside(rules);
  return {
    keywords: {
      ...(gte !== undefined && { minimum: gte }),
      ...(lte !== undefined && { maximum: lte }),
      ...(gt !== undefined && { exclusiveMinimum: gt }),
      ...(lt !== undefined && { exclusiveMaximum: lt }),
      ...listed(rules.const === undefined ? rules.in : [rules.const], notIn),
    },
    words: [],
  };
}

/** JSON has these numbers as strings: their range becomes a pattern, and a description. */
export function constrainWide(rules: BoundRules<string> = {}, [, least, largest]: WideNumber): Constraints {
  const { lt, lte, gt, gte } = rules;
  const min = gt === undefined ? (gte === undefined ? least : BigInt(gte)) : BigInt(gt) + 1n;
  const max = lt === undefined ? (lte === undefined ? largest : BigInt(lte)) : BigInt(lt) - 1n;
  if (min > max) return outside(rules);
  const values = listed(rules.const === undefined ? rules.in : [rules.const], rules.notIn);
  const isBounded = min !== least || max !== largest;
  const bounds = [...(min === least ? [] : [`at least ${min}`]), ...(max === largest ? [] : [`at most ${max}`])];
  return {
    keywords: { ...(isBounded && { pattern: `^${printRange(min, max)}$` }), ...values },
    words: isBounded ? [`must be ${bounds.join(" and ")}`] : [],
  };
}

/** Bounds that allow the values outside of a range. */
function outside({ lt, lte, gt, gte }: BoundRules<number | string>): Constraints {
  const below = lt === undefined ? `at most ${lte}` : `less than ${lt}`;
  return { keywords: {}, words: [`must be ${below}, or ${gt === undefined ? `at least ${gte}` : `more than ${gt}`}`] };
}

export function constrainDuration(rules: BoundRules<string>): Constraints {
  const { lt, lte, gt, gte } = rules;
  if (rules.const !== undefined || rules.in !== undefined || rules.notIn !== undefined) {
    return { keywords: listed(rules.const === undefined ? rules.in : [rules.const], rules.notIn), words: [] };
  }
  const bounds: DurationBounds = { min: bound(gt, gte), max: bound(lt, lte) };
  const { min, max } = bounds;
  if (min !== undefined && max !== undefined && min.nanos > max.nanos) return outside(rules);
  const pattern = printDurations(bounds);
  const parts = [
    ...(min === undefined ? [] : [`${min.isExclusive ? "more than" : "at least"} ${gt ?? gte}`]),
    ...(max === undefined ? [] : [`${max.isExclusive ? "less than" : "at most"} ${lt ?? lte}`]),
  ];
  return {
    keywords: pattern === undefined ? {} : { pattern },
    words: parts.length === 0 ? [] : [`must be ${parts.join(" and ")}`],
  };
}

function bound(exclusive: string | undefined, inclusive: string | undefined): DurationBounds["min"] {
  const text = exclusive ?? inclusive;
  if (text === undefined) return undefined;
  const [, sign = "", seconds = "", fraction = ""] = /^(-?)([0-9]+)(?:\.([0-9]+))?s$/.exec(text) ?? [];
  const nanos = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
  return { nanos: sign === "" ? nanos : -nanos, isExclusive: exclusive !== undefined };
}
