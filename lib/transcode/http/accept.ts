import { notAcceptable } from "./errors.ts";

/** An item of a header such as Accept (RFC 9110, section 12.4.2), with its weight from 0 (refused) to 1. */
interface Preference {
  readonly name: string;
  readonly quality: number;
}

/** Preference for a type: its weight, and how specific the match is: by name (2), by main type (1) or by a wildcard (0). */
interface Fit {
  readonly quality: number;
  readonly specificity: number;
}

const NO_FIT: Fit = { quality: 0, specificity: -1 };

/** Parses a header with weights; ignores parameters other than `q`. */
export function parsePreferences(header: string): readonly Preference[] {
  return header.split(",").flatMap((item) => {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
    const quality = weight === undefined || !/^[01](?:\.\d*)?$/.test(weight) ? 1 : Math.min(Number(weight), 1);
    return name === "" ? [] : [{ name, quality }];
  });
}

/** Acceptable codings of a header with weights that are preferred at least as much as `identity`, the best first. */
export function orderedEncodings(header: string): readonly string[] {
  const preferences = parsePreferences(header);
  const asTheyAre = preferences.find(({ name }) => name === "identity")?.quality ?? 0;
  const wanted = preferences.filter(({ name, quality }) => name !== "identity" && quality > 0 && quality >= asTheyAre);
  return wanted.toSorted((a, b) => b.quality - a.quality).map(({ name }) => (name === "x-gzip" ? "gzip" : name));
}

/** A type that a method can respond with, and aliases that clients request. */
export interface Offer {
  readonly type: string;
  readonly aliases?: readonly string[];
}

/**
 * Returns the offered type that the Accept header prefers (RFC 9110, section 12.5.1); the first without a preference; of two equal matches
 * the later one. Throws a 406 error if none is acceptable.
 */
export function chooseType(accept: string | undefined, offers: readonly [Offer, ...Offer[]]): string {
  const chosen = findType(accept, offers);
  if (chosen !== undefined) return chosen;
  const types = offers.map(({ type }) => type);
  throw notAcceptable(accept ?? "", types);
}

/** Whether a client accepts a type. */
export function accepts(accept: string | undefined, type: string): boolean {
  return findType(accept, [{ type }]) !== undefined;
}

function findType(accept: string | undefined, offers: readonly [Offer, ...Offer[]]): string | undefined {
  const [first] = offers;
  // Fast path.
  if (accept === undefined || accept === "*/*" || accept === first.type || accept.trim() === "") return first.type;
  const preferences = parsePreferences(accept);
  let best = NO_FIT;
  let chosen: string | undefined;
  for (const { type, aliases = [] } of offers) {
    const fit = [type, ...aliases].map((name) => fitOf(preferences, name)).reduce((a, b) => (isBetter(b, a) ? b : a));
    if (fit.quality === 0 || !(isBetter(fit, best) || (isEqual(fit, best) && fit.specificity === 2))) continue;
    best = fit;
    chosen = type;
  }
  return chosen;
}

/** How well the most specific matching item fits a type. */
function fitOf(preferences: readonly Preference[], type: string): Fit {
  const ranges = ["*/*", `${type.slice(0, type.indexOf("/"))}/*`, type];
  return preferences
    .map(({ name, quality }) => ({ quality, specificity: ranges.indexOf(name === "*" ? "*/*" : name) }))
    .reduce((a, b) => (b.specificity > a.specificity ? b : a), NO_FIT);
}

function isBetter(one: Fit, other: Fit): boolean {
  return one.quality > other.quality || (one.quality === other.quality && one.specificity > other.specificity);
}

function isEqual(one: Fit, other: Fit): boolean {
  return one.quality === other.quality && one.specificity === other.specificity;
}
