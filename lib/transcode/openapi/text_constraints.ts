import { type Constraints, listed } from "./constraint.ts";
import { joinPatterns, literalPattern, readPatterns, type TextPattern } from "./expressions.ts";
import { toEcmaPattern } from "./re2.ts";
import { type CelRule, type TextRules, wordsOf } from "./rules.ts";

export function constrainText(
  rules: TextRules,
  { cel, isRequired = false }: { cel: readonly CelRule[]; isRequired?: boolean | undefined },
): Constraints {
  const known = WELL_KNOWN.find(([name]) => rules[name] === true)?.[1] ?? {};
  const bytes = byteBounds(rules);
  const minLength = Math.max(Number(rules.len ?? rules.minLen ?? 0), bytes.minLength, isRequired ? 1 : 0);
  const maxLength = Math.min(Number(rules.len ?? rules.maxLen ?? Number.POSITIVE_INFINITY), bytes.maxLength);
  const read = cel.map((rule) => ({ rule, patterns: readPatterns(rule.expression ?? "") }));
  const own = rules.pattern === undefined ? undefined : toEcmaPattern(rules.pattern);
  const pattern = joinPatterns([
    ...(own === undefined ? [] : [{ pattern: own, isNegated: false }]),
    ...affixes(rules),
    ...read.flatMap(({ patterns = [] }) => patterns),
    ...(known.pattern === undefined ? [] : [{ pattern: known.pattern, isNegated: false }]),
  ]);
  const words = [
    rules.pattern !== undefined && own === undefined && `must match the RE2 pattern \`${rules.pattern}\``,
    ...read.map(({ rule, patterns }) => patterns === undefined && wordsOf(rule)),
    known.words,
    HEADER_WORDS[String(rules["wellKnownRegex"])],
    bytes.words,
  ];
  return {
    keywords: {
      ...(known.format !== undefined && { format: known.format }),
      ...(minLength > 0 && { minLength }),
      ...(maxLength !== Number.POSITIVE_INFINITY && { maxLength }),
      ...(pattern !== undefined && { pattern }),
      ...listed(rules.const === undefined ? rules.in : [rules.const], rules.notIn),
    },
    words: words.filter((each) => typeof each === "string"),
  };
}

function affixes({ prefix, suffix, contains, notContains }: TextRules): TextPattern[] {
  return [
    ...(prefix === undefined ? [] : [{ pattern: `^${literalPattern(prefix)}`, isNegated: false }]),
    ...(suffix === undefined ? [] : [{ pattern: `${literalPattern(suffix)}$`, isNegated: false }]),
    ...(contains === undefined ? [] : [{ pattern: literalPattern(contains), isNegated: false }]),
    ...(notContains === undefined ? [] : [{ pattern: literalPattern(notContains), isNegated: true }]),
  ];
}

/** Limits in characters for limits in bytes: a UTF-8 character has one to four bytes. */
function byteBounds({ lenBytes, minBytes, maxBytes }: TextRules): {
  minLength: number;
  maxLength: number;
  words: string | undefined;
} {
  const [min, max] = [lenBytes ?? minBytes, lenBytes ?? maxBytes];
  const parts = [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])];
  return {
    minLength: Math.ceil(Number(min ?? 0) / 4),
    maxLength: max === undefined ? Number.POSITIVE_INFINITY : Number(max),
    words: parts.length === 0 ? undefined : `must have ${parts.join(" and ")} bytes in UTF-8`,
  };
}

const WELL_KNOWN: readonly (readonly [
  name: string,
  says: { readonly format?: string; readonly pattern?: string; readonly words?: string },
])[] = [
  ["uuid", { format: "uuid" }],
  ["tuuid", { pattern: "^[0-9a-fA-F]{32}$" }],
  ["ulid", { pattern: "^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$" }],
  ["email", { format: "email" }],
  ["hostname", { format: "hostname" }],
  ["ipv4", { format: "ipv4" }],
  ["ipv6", { format: "ipv6" }],
  ["uri", { format: "uri" }],
  ["uriRef", { format: "uri-reference" }],
  ["ip", { words: "must be an IP address" }],
  ["address", { words: "must be a host name or an IP address" }],
  ["hostAndPort", { words: "must be `host:port`" }],
  ["ipWithPrefixlen", { words: "must be an IP address with the length of its prefix, `10.0.0.1/8`" }],
  ["ipv4WithPrefixlen", { words: "must be an IPv4 address with the length of its prefix, `10.0.0.1/8`" }],
  ["ipv6WithPrefixlen", { words: "must be an IPv6 address with the length of its prefix, `fd00::1/8`" }],
  ["ipPrefix", { words: "must be a network, `10.0.0.0/8`" }],
  ["ipv4Prefix", { words: "must be an IPv4 network, `10.0.0.0/8`" }],
  ["ipv6Prefix", { words: "must be an IPv6 network, `fd00::/8`" }],
];

const HEADER_WORDS: Readonly<Record<string, string>> = {
  KNOWN_REGEX_HTTP_HEADER_NAME: "must be the name of an HTTP header",
  KNOWN_REGEX_HTTP_HEADER_VALUE: "must be the value of an HTTP header",
};
