import type { JsonValue } from "./json.ts";

const DECIMAL = ["k", "M", "G", "T", "P", "E"] as const;
const DECIMAL_NAMES = ["kilo", "mega", "giga", "tera", "peta", "exa"] as const;
const BINARY_NAMES = ["kibi", "mebi", "gibi", "tebi", "pebi", "exbi"] as const;

/** HOCON's size units, and Spark's, whose `kb`, `mb`, … are binary like `k`, `m`, …. */
const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ...["", "B", "b", "byte", "bytes"].map((unit) => [unit, 1] as const),
  ...DECIMAL.flatMap((letter, index) => {
    const [upper, lower] = [letter.toUpperCase(), letter.toLowerCase()];
    const [decimal, binary] = [1000 ** (index + 1), 1024 ** (index + 1)];
    const decimalUnits = [`${letter}B`, `${DECIMAL_NAMES[index]}byte`, `${DECIMAL_NAMES[index]}bytes`];
    const binaryUnits = [upper, lower, `${upper}i`, `${upper}iB`, `${lower}b`];
    const binaryNames = [`${BINARY_NAMES[index]}byte`, `${BINARY_NAMES[index]}bytes`];
    return [
      ...decimalUnits.map((unit) => [unit, decimal] as const),
      ...[...binaryUnits, ...binaryNames].map((unit) => [unit, binary] as const),
    ];
  }),
]);

const DURATION_UNITS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    1e-6: ["ns", "nano", "nanos", "nanosecond", "nanoseconds"],
    1e-3: ["us", "micro", "micros", "microsecond", "microseconds"],
    1: ["", "ms", "milli", "millis", "millisecond", "milliseconds"],
    1000: ["s", "second", "seconds"],
    60000: ["m", "minute", "minutes"],
    3600000: ["h", "hour", "hours"],
    86400000: ["d", "day", "days"],
  }).flatMap(([ms, units]) => units.map((unit) => [unit, Number(ms)] as const)),
);

/** Parses a size to bytes, rounded down: `512m`, `4G`, `10 MiB`, `1.5 GB`, or a bare number of bytes. Undefined if it is invalid. */
export function parseSizeBytes(value: JsonValue): number | undefined {
  const bytes = parseQuantity(value, SIZE_UNITS);
  return bytes === undefined || bytes > Number.MAX_SAFE_INTEGER ? undefined : Math.floor(bytes);
}

/** Parses a duration to milliseconds: `10 s`, `40s`, `1.5 minutes`, or a bare number of milliseconds. Undefined if it is invalid. */
export function parseDurationMs(value: JsonValue): number | undefined {
  return parseQuantity(value, DURATION_UNITS);
}

function parseQuantity(value: JsonValue, units: ReadonlyMap<string, number>): number | undefined {
  const [, digits, unit = ""] = /^\s*(\d{1,20}(?:\.\d{1,20})?)\s*([A-Za-z]*)\s*$/.exec(String(value)) ?? [];
  const factor = units.get(unit);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}
