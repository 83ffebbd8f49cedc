import fc from "fast-check";
import { expect, test } from "vitest";
import { isPublicAddress, SPECIAL_IPV4_RANGES } from "../../cluster/mod.ts";
import { parseGrant, printGrant } from "./grant.ts";

const canonical = (text: string): string | undefined => {
  const grant = parseGrant(text);
  return grant && printGrant(grant);
};

test.each([
  ["api.example.com", "api.example.com"],
  ["API.Example.COM:443", "api.example.com:443"],
  ["api.example.com.", "api.example.com"],
  ["api.example.com.:443", "api.example.com:443"],
  ["xn--bcher-kva.example", "xn--bcher-kva.example"],
  ["_srv.example.com", "_srv.example.com"],
  ["db", "db"],
  ["1.1.1.1:53", "1.1.1.1:53"],
  ["[2606:4700:0:0::1111]:443", "[2606:4700::1111]:443"],
  ["[::ffff:127.0.0.1]:80", "127.0.0.1:80"],
  ["[::FFFF:7F00:1]", "127.0.0.1"],
  ["[::1]", "[::1]"],
])("parseGrant() reads %s as %s", (text, expected) => {
  expect(canonical(text)).toBe(expected);
});

test.each([
  ...[
    "",
    ".",
    "..",
    "a..b",
    ".a",
    "-a.example",
    "a-.example",
    "a b",
    "a,b",
    "a/b",
    "*",
    "*.example.com",
    "bücher.example",
  ],
  ...[
    "http://a",
    "a:",
    "a:0",
    "a:08",
    "a:65536",
    "a:1:2",
    "a:b",
    "user@a",
    "a?",
    "a#",
    "a%2e",
    "a\\b",
    "a\n",
    "\u0000",
  ],
  ...[
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "127.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "127.0.0.0/8",
  ],
  ...["256.1.1.1", "1.2.3.4.5", "a.1", "a.0x", "a.0x1", "127.0.0.1:", "localhost:0x50"],
  ...[
    "::1",
    "fe80::1",
    "[::1%lo]",
    "[fe80::1%25eth0]",
    "[::1",
    "::1]",
    "[]",
    "[127.0.0.1",
    "[::/0]",
    "[::1]a",
    "[[::1]]",
  ],
  ...["vsock:1:80", "vsock:-1:80", "unix:/run/x", "unix:", "a".repeat(64), `${"a.".repeat(127)}aa`],
])("parseGrant() refuses %j", (text) => {
  expect(canonical(text)).toBeUndefined();
});

/** Notations of IPv4 addresses in C libraries, URL parsers and everyday use. */
const forms = ([a, b, c, d]: readonly [number, number, number, number]): string[] => {
  const value = ((a * 256 + b) * 256 + c) * 256 + d;
  const part = (number: number) => [String(number), `0x${number.toString(16)}`, `0${number.toString(8)}`];
  const hex = (number: number) => number.toString(16);
  const whole = [a, b, c, d].map(part);
  return [
    ...[String(value), `0x${value.toString(16)}`, `0${value.toString(8)}`],
    ...part(a).flatMap((first) => part(value % 2 ** 24).map((rest) => `${first}.${rest}`)),
    ...part(a).flatMap((first) =>
      part(b).flatMap((second) => part(c * 256 + d).map((rest) => `${first}.${second}.${rest}`)),
    ),
    ...[0, 1, 2].map((base) => whole.map((each) => each[base]).join(".")),
    `${a}.${b}.${c}.${d}.`,
    ...["::", "::ffff:", "::ffff:0:", "64:ff9b::", "0:0:0:0:0:ffff:"].flatMap((prefix) => [
      `[${prefix}${a}.${b}.${c}.${d}]`,
      `[${prefix}${hex(a * 256 + b)}:${hex(c * 256 + d)}]`,
    ]),
    `[2002:${hex(a * 256 + b)}:${hex(c * 256 + d)}::]`,
    `[2002:${hex(a * 256 + b)}:${hex(c * 256 + d)}::1]`,
    `${a}.${b}.${c}.${d}`,
  ];
};

/** The destination, when it counts as public. */
const passes = (text: string): boolean => {
  const grant = parseGrant(text);
  if (grant === undefined) return false;
  return (
    grant.host.kind === "name" || isPublicAddress(printGrant({ ...grant, port: undefined }).replace(/^\[|\]$/g, ""))
  );
};

test("no notation of a special IPv4 address counts as a name or a public address", () => {
  const octet = fc.nat({ max: 255 });
  const special = fc
    .tuple(fc.constantFrom(...SPECIAL_IPV4_RANGES), octet, octet, octet, octet)
    .map(([{ first, prefix }, ...random]) => {
      const rest = BigInt(32 - prefix);
      const noise = random.reduce((value, each) => value * 256n + BigInt(each), 0n) & ((1n << rest) - 1n);
      const address = Number(first | noise);
      return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255) as unknown as [number, number, number, number];
    });
  fc.assert(
    fc.property(special, fc.constantFrom("", ":80"), (address, port) => {
      expect(forms(address).filter((form) => passes(form + port))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("text that URL parses as an IPv4 address is not a name", () => {
  const digits = fc.stringMatching(/^[0-9a-fA-FxX.]{1,24}$/);
  fc.assert(
    fc.property(digits, (text) => {
      const url = URL.parse(`http://${text}/`);
      const isNumeric = url !== null && /^[\d.]+$/.test(url.hostname);
      return !(isNumeric && parseGrant(text)?.host.kind === "name");
    }),
    { numRuns: 5000 },
  );
});

test("parseGrant() reads what is printed", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.domain(),
        fc.ipV4(),
        fc.ipV6().map((each) => `[${each}]`),
        fc.string(),
      ),
      (text) => {
        const printed = canonical(text);
        return printed === undefined || canonical(printed) === printed;
      },
    ),
    { numRuns: 2000 },
  );
});
