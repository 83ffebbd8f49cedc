import { expect, test } from "vitest";
import { createAddressRule, isAddressRange } from "./address_rule.ts";

const isPublic = createAddressRule([]);

test.each(["1.1.1.1", "172.15.255.255", "192.169.0.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1"])(
  "%s is allowed",
  (address) => expect(isPublic(address)).toBe(true),
);

test.each([
  ["loopback", "127.0.0.1"],
  ["all of loopback", "127.255.255.254"],
  ["unspecified", "0.0.0.0"],
  ["private", "10.1.2.3"],
  ["private", "172.31.255.255"],
  ["private", "192.168.0.1"],
  ["shared", "100.64.0.1"],
  ["link-local", "169.254.0.1"],
  ["metadata of clouds", "169.254.169.254"],
  ["multicast", "224.0.0.1"],
  ["broadcast", "255.255.255.255"],
  ["loopback", "::1"],
  ["unspecified", "::"],
  ["mapped loopback", "::ffff:127.0.0.1"],
  ["mapped public IPv4", "::ffff:1.1.1.1"],
  ["compatible IPv4", "::7f00:1"],
  ["NAT64 of a private address", "64:ff9b::a00:1"],
  ["6to4 of loopback", "2002:7f00:1::"],
  ["Teredo", "2001::1"],
  ["unique local", "fd00:ec2::254"],
  ["link-local", "fe80::1"],
  ["link-local with a zone", "fe80::1%eth0"],
  ["multicast", "ff02::1"],
  ["documentation", "2001:db8::1"],
  ["no address", "example.com"],
  ["nothing", ""],
])("%s (%s) is not allowed", (_, address) => {
  expect(isPublic(address)).toBe(false);
});

test("createAddressRule() allows the ranges that it is given, and nothing more", () => {
  const isAllowed = createAddressRule(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
  const addresses = ["127.0.0.1", "127.0.0.2", "10.9.9.9", "11.0.0.1", "172.16.0.1", "fd12::1", "fe80::1"];
  expect(addresses.filter(isAllowed)).toEqual(["127.0.0.1", "10.9.9.9", "11.0.0.1", "fd12::1"]);
});

test("isAddressRange() distinguishes addresses and ranges from other text", () => {
  const right = ["127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fd00::/8", "::/128"];
  const wrong = ["", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "::/129", "10.0.0"];
  expect(right.filter(isAddressRange)).toEqual(right);
  expect(wrong.filter(isAddressRange)).toEqual([]);
  for (const range of wrong) expect(() => createAddressRule([range])).toThrow(`"${range}" is no IP address`);
});
