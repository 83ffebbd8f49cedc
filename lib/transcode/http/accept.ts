import { notAcceptable } from "./errors.ts";

/** An item of a header such as Accept (RFC 9110, section 12.4.2), with its weight from 0 (refused) to 1. */
interface Preference {
  readonly name: string;
  readonly quality: number;
}

/** How well a type is wanted: by its weight, then by whether it was named itself (2), by its main type (1) or by a wildcard (0). */
interface Fit {
  readonly quality: number;
  readonly specificity: number;
}

const NO_FIT: Fit = { quality: 0, specificity: -1 };

/** Reads the items of a header with weights; parameters other than `q` do not count. */
export function parsePreferences(header: string): readonly Preference[] {
  return header.split(",").flatMap((item) => {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
    const quality = weight === undefined || !/^[01](?:\.\d*)?$/.test(weight) ? 1 : Math.min(Number(weight), 1);
    return name === "" ? [] : [{ name, quality }];
  });
}

/** Codings in a header with weights that are wanted, and no less than the bytes as they are; the most wanted first. */
export function orderedEncodings(header: string): readonly string[] {
  const preferences = parsePreferences(header);
  const asTheyAre = preferences.find(({ name }) => name === "identity")?.quality ?? 0;
  const wanted = preferences.filter(({ name, quality }) => name !== "identity" && quality > 0 && quality >= asTheyAre);
  return wanted.toSorted((a, b) => b.quality - a.quality).map(({ name }) => (name === "x-gzip" ? "gzip" : name));
}

/** A type that a method can answer with, and other names of it that clients ask for. */
export interface Offer {
  readonly type: string;
  readonly aliases?: readonly string[];
}

/**
 * The offered type that the header Accept wants most (RFC 9110, section 12.5.1): the first when it does not say. Between two that it names
 * alike, the later one. Throws a refusal with 406 when it takes none.
 */
export function chooseType(accept: string | undefined, offers: readonly [Offer, ...Offer[]]): string {
  const chosen = findType(accept, offers);
  if (chosen !== undefined) return chosen;
  const types = offers.map(({ type }) => type);
  throw notAcceptable(accept ?? "", types);
}

/** Whether a client takes a type. */
export function accepts(accept: string | undefined, type: string): boolean {
  return findType(accept, [{ type }]) !== undefined;
}

function findType(accept: string | undefined, offers: readonly [Offer, ...Offer[]]): string | undefined {
  const [first] = offers;
  // The first comparisons are for speed.
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

/** What the most specific item says of a type. */
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
