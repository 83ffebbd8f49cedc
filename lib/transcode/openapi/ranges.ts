/** Regular expressions of numbers that are strings in JSON, for which JSON Schema has no range keywords. */

/** Matches the integers from `min` to `max`, without leading zeros. Not anchored; one group if it has alternatives. */
export function printRange(min: bigint, max: bigint): string {
  const negative = min < 0n ? magnitudes(max < 0n ? -max : 1n, -min).map((each) => `-${each}`) : [];
  const positive = max >= 0n ? magnitudes(min > 0n ? min : 0n, max) : [];
  return alternatives([...negative, ...positive]);
}

export function alternatives(patterns: readonly string[]): string {
  return patterns.length === 1 ? (patterns[0] ?? "") : `(?:${patterns.join("|")})`;
}

/** Patterns for each number of digits; one pattern for all numbers of digits whose whole range is included. */
function magnitudes(min: bigint, max: bigint): string[] {
  const patterns: string[] = [];
  for (let from = min; from <= max; ) {
    const digits = String(from).length;
    const whole = String(max + 1n).length - 1;
    if (/^10*$/.test(String(from)) && whole >= digits) {
      patterns.push(`[1-9]${anyDigits(digits - 1, whole - 1)}`);
      from = 10n ** BigInt(whole);
      continue;
    }
    // Zero is the only one-digit number that begins with 0.
    const largest = from === 0n ? 0n : 10n ** BigInt(digits) - 1n;
    const to = largest < max ? largest : max;
    patterns.push(...between(String(from), String(to)));
    from = to + 1n;
  }
  return patterns;
}

/** Numbers between two with the same number of digits. */
function between(from: string, to: string): string[] {
  if (from === to) return [from];
  const first = from.charAt(0);
  const last = to.charAt(0);
  const rest = from.length - 1;
  if (first === last) return between(from.slice(1), to.slice(1)).map((each) => first + each);
  const startsWhole = /^.0*$/.test(from);
  const endsWhole = /^.9*$/.test(to);
  const lowest = startsWhole ? Number(first) : Number(first) + 1;
  const highest = endsWhole ? Number(last) : Number(last) - 1;
  return [
    ...(startsWhole ? [] : between(from.slice(1), "9".repeat(rest)).map((each) => first + each)),
    ...(lowest <= highest ? [digit(lowest, highest) + anyDigits(rest)] : []),
    ...(endsWhole ? [] : between("0".repeat(rest), to.slice(1)).map((each) => last + each)),
  ];
}

function digit(from: number, to: number): string {
  return from === to ? String(from) : `[${from}-${to}]`;
}

function anyDigits(least: number, most = least): string {
  if (most === 0) return "";
  if (least < most) return `[0-9]{${least},${most}}`;
  return least === 1 ? "[0-9]" : `[0-9]{${least}}`;
}

/** Maximum of a Duration, in seconds (google/protobuf/duration.proto). */
const MOST_SECONDS = 315_576_000_000n;

/** Greatest number of digits for which every number is a valid Duration. */
const MOST_DIGITS = 11;

/** Bounds in nanoseconds. */
export interface DurationBounds {
  readonly min?: { readonly nanos: bigint; readonly isExclusive: boolean } | undefined;
  readonly max?: { readonly nanos: bigint; readonly isExclusive: boolean } | undefined;
}

const FRACTION = "(?:\\.[0-9]{1,9})?";
const ABOVE_ZERO = "\\.(?=0*[1-9])[0-9]{1,9}";
const ZERO = "(?:\\.0{1,9})?";

/** Matches Durations in JSON, `1.5s`; undefined for bounds that are negative or not whole seconds. */
export function printDurations({ min, max }: DurationBounds): string | undefined {
  if (min === undefined && max === undefined) return `^-?[0-9]{1,${MOST_DIGITS}}${FRACTION}s$`;
  const low = min === undefined ? undefined : wholeSeconds(min.nanos);
  const high = max === undefined ? MOST_SECONDS : wholeSeconds(max.nanos);
  if (high === undefined || low === undefined || low < 0n || low > high) return undefined;
  const [first, firstAlone] = min?.isExclusive ? [low + 1n, `${low}${ABOVE_ZERO}`] : [low, undefined];
  const hasLast = max !== undefined && !max.isExclusive;
  const seconds = max === undefined ? unboundedSeconds(first) : first < high ? printRange(first, high - 1n) : undefined;
  const patterns = [
    ...(firstAlone === undefined || low === high ? [] : [firstAlone]),
    ...(seconds === undefined ? [] : [seconds + FRACTION]),
    ...(hasLast ? [`${high}${ZERO}`] : []),
  ];
  return `^${alternatives(patterns)}s$`;
}

function unboundedSeconds(min: bigint): string {
  if (min === 0n) return `[0-9]{1,${MOST_DIGITS}}`;
  return min === 1n ? `[1-9][0-9]{0,${MOST_DIGITS - 1}}` : printRange(min, 10n ** BigInt(MOST_DIGITS) - 1n);
}

function wholeSeconds(nanos: bigint): bigint | undefined {
  return nanos % 1_000_000_000n === 0n ? nanos / 1_000_000_000n : undefined;
}
