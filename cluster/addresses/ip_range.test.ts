import { isIPv6 } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin, parseIpAddress, parseIpRange, printIpRange, withoutRanges } from "../mod.ts";

const range = (text: string) => {
  const parsed = parseIpRange(text);
  if (parsed === undefined) throw new Error(`"${text}" is no range`);
  return parsed;
};

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["10.9.8.7/8", "10.0.0.0/8"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["::1", "::1"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["FD00:0EC2::0254", "fd00:ec2::254"],
  ["2001:db8::/32", "2001:db8::/32"],
  ["::/0", "::/0"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::ffff:7f00:1", "127.0.0.1"],
  ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
  ["64:ff9b::7f00:1", "64:ff9b::7f00:1"],
])("%s is the range %s", (text, canonical) => {
  expect(printIpRange(range(text))).toBe(canonical);
});

test.each([
  ...["", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", " 127.0.0.1", "1.2.3.4.5"],
  ...["[::1]", "::1%lo", "fe80::1%1", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8/8", "10.0.0.0/-1"],
  ...["::/129", "::ffff:0.0.0.0/90", "::g"],
])("%j is not a range", (text) => {
  expect(parseIpRange(text)).toBeUndefined();
});

test("parseIpAddress() reads what printIpRange() prints", () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6().filter(isIPv6));
  fc.assert(
    fc.property(addresses, (text) => {
      const address = parseIpAddress(text);
      return address !== undefined && parseIpAddress(printIpRange(address))?.first === address.first;
    }),
  );
});

test("withoutRanges() leaves exactly the addresses that are in no hole", () => {
  const blocks = fc.record({ value: fc.nat({ max: 255 }), prefix: fc.integer({ min: 24, max: 32 }) });
  const toRange = ({ value, prefix }: { value: number; prefix: number }) => range(`192.0.2.${value}/${prefix}`);
  fc.assert(
    fc.property(fc.array(blocks, { maxLength: 5 }), (each) => {
      const holes = each.map(toRange);
      const left = withoutRanges(range("192.0.2.0/24"), holes);
      for (let value = 0; value < 256; value++) {
        const address = range(`192.0.2.${value}`);
        const isLeft = left.filter((block) => isWithin(address, block)).length;
        expect(isLeft).toBe(holes.some((hole) => isWithin(address, hole)) ? 0 : 1);
      }
    }),
  );
});
