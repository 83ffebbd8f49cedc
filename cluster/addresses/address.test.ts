import { expect, test } from "vitest";
import { addressFault, parseAddress, printAddress, reachableAt } from "./address.ts";
import { isLoopbackAddress } from "./loopback.ts";

test.each([
  ["127.0.0.1:8090", { host: "127.0.0.1", port: 8090 }],
  ["0.0.0.0:8090", { host: "0.0.0.0", port: 8090 }],
  ["localhost:8090", { host: "localhost", port: 8090 }],
  ["node-1.example:0", { host: "node-1.example", port: 0 }],
  ["[::1]:8090", { host: "::1", port: 8090 }],
  ["[::]:65535", { host: "::", port: 65_535 }],
  ["[2001:DB8::7]:8090", { host: "2001:DB8::7", port: 8090 }],
  ["[::ffff:127.0.0.1]:8090", { host: "::ffff:127.0.0.1", port: 8090 }],
])("%s is an address, and prints unchanged", (text, parsed) => {
  expect(parseAddress(text)).toEqual(parsed);
  expect(printAddress(parsed)).toBe(text);
});

test.each([
  ["", "must be host:port"],
  ["localhost", "must be host:port"],
  ["localhost:", "must be host:port"],
  ["localhost:http", "must be host:port"],
  ["http://localhost:8090", "must be host:port"],
  ["a:1,b:2", "must be host:port"],
  ["::1", "must be host:port, with an IPv6 address in brackets, such as [::1]:8090"],
  ["2001:db8::7:8090", "must be host:port, with an IPv6 address in brackets, such as [::1]:8090"],
  ["1:2:3:4:5:6:7:8:8090", "must be host:port, with an IPv6 address in brackets, such as [::1]:8090"],
  ["[::1]", "must be host:port"],
  ["[localhost]:8090", "must be host:port, with an IPv6 address in the brackets"],
  ["[127.0.0.1]:8090", "must be host:port, with an IPv6 address in the brackets"],
  ["[fe80::1%eth0]:8090", "must be host:port, without the zone of an IPv6 address"],
  [":8090", 'must be host:port: "127.0.0.1:8090" is this machine only, "[::]:8090" all of its addresses'],
  ["8090", 'must be host:port: "127.0.0.1:8090" is this machine only, "[::]:8090" all of its addresses'],
  ["localhost:65536", "must be host:port, with a port of at most 65535"],
  ["localhost:-1", "must be host:port"],
])("%j is not an address, and the fault says why", (text, fault) => {
  expect(addressFault(text)).toBe(fault);
  expect(() => parseAddress(text)).toThrow(`"${text}" ${fault}`);
});

test.each([
  ["0.0.0.0:80", "here", "here:80"],
  ["[::]:80", "here", "here:80"],
  ["[0:0::0]:80", "2001:db8::7", "[2001:db8::7]:80"],
  ["[::1]:80", "here", "[::1]:80"],
  ["10.0.0.0:80", "here", "10.0.0.0:80"],
])("reachableAt() maps %s at host %s to %s", (bound, host, reachable) => {
  expect(reachableAt(bound, host)).toBe(reachable);
});

test.each([
  ["127.0.0.1:1", true],
  ["127.255.255.254:1", true],
  ["[::1]:1", true],
  ["[0:0:0:0:0:0:0:1]:1", true],
  ["[::ffff:127.0.0.1]:1", true],
  ["[::ffff:7f00:1]:1", true],
  ["localhost:1", true],
  ["LOCALHOST:1", true],
  ["0.0.0.0:1", false],
  ["[::]:1", false],
  ["[::ffff:10.0.0.1]:1", false],
  ["[::ffff:0.0.0.0]:1", false],
  ["127.999.0.1:1", false],
  ["127.0.0.1.example:1", false],
  ["localhost.example:1", false],
  ["::1", false],
])("isLoopbackAddress() of %s: %s", (text, isLoopback) => {
  expect(isLoopbackAddress(text)).toBe(isLoopback);
});
