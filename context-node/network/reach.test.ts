import { expect, test } from "vitest";
import { parseIpAddress } from "../../cluster/mod.ts";
import { isPolicyEntry, type NetworkPolicy, reachOf } from "./mod.ts";

const PUBLIC = { "*": ["*"] };

const own = ["127.0.0.1", "192.168.7.7", "203.0.114.9", "2001:db80::9"].flatMap((text) => parseIpAddress(text) ?? []);

function ask(net: readonly string[], policy: NetworkPolicy = PUBLIC, context = "team-m-x") {
  return reachOf({ context, net, policy, own });
}

function reach(net: readonly string[], policy?: NetworkPolicy) {
  const { reach: bound, withheld } = ask(net, policy);
  if (bound === undefined || withheld.length > 0) throw new Error(`withheld: ${withheld.join("; ")}`);
  return bound;
}

test.each([
  ...[
    "127.0.0.1",
    "127.9.9.9:4222",
    "0.0.0.0",
    "10.1.2.3:5432",
    "172.20.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254:80",
  ],
  ...[
    "224.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[fc00::1]",
    "[::ffff:127.0.0.1]:80",
  ],
  ...["[::ffff:a9fe:a9fe]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[::7f00:1]", "[ff02::1]"],
  ...["localhost", "LOCALHOST.:80", "a.localhost", "db", "metadata", "metadata.google.internal", "db.internal:5432"],
  ...["printer.local", "nas.home.arpa", "192.168.7.7", "203.0.114.9", "[2001:db80::9]"],
])("`*` does not allow %s, which is not public", (host) => {
  expect(ask([host])).toEqual({ net: [], reach: undefined, withheld: [expect.stringContaining(` to ${host}: `)] });
});

test.each(["api.example.com", "api.example.com:443", "1.1.1.1", "203.0.114.10:443", "[2606:4700::1111]:443"])(
  "%s is of the public internet, so `*` allows it",
  (host) => {
    expect(reach([host]).allow).toEqual([host]);
  },
);

test.each<[string, string, boolean]>([
  ["127.0.0.1", "127.0.0.1:4222", true],
  ["127.0.0.1:5432", "127.0.0.1:5432", true],
  ["127.0.0.1:5432", "127.0.0.1:4222", false],
  ["127.0.0.1:5432", "127.0.0.1", false],
  ["127.0.0.1:*", "127.0.0.1", true],
  ["127.0.0.1", "[::ffff:127.0.0.1]", true],
  ["127.0.0.1", "[::1]", false],
  ["127.0.0.1", "localhost", false],
  ["10.1.0.0/16", "10.1.255.255:80", true],
  ["10.1.0.0/16", "10.2.0.0:80", false],
  ["10.1.0.0/16:443", "10.1.2.3:443", true],
  ["10.1.0.0/16:443", "10.1.2.3:80", false],
  ["fd12::/16", "[fd12:1::5]:443", true],
  ["[fd12::/16]:443", "[fd12:1::5]:443", true],
  ["[fd12::/16]:443", "[fd12:1::5]:80", false],
  ["[fd12::/16]", "[fd13::5]", false],
  ["0.0.0.0/0", "127.0.0.1:4222", true],
  ["localhost", "localhost:80", true],
  ["localhost", "127.0.0.1", false],
  ["*.internal:5432", "db.internal:5432", true],
  ["*.internal:5432", "db.internal", false],
  ["*.example.com", "api.example.com", true],
  ["*.example.com", "example.com", false],
  ["*.example.com", "api.example.com.evil.test", false],
  ["API.example.com.", "api.EXAMPLE.com", true],
  ["*:443", "api.example.com:443", true],
  ["*:443", "api.example.com:80", false],
  ["*:443", "127.0.0.1:443", false],
  ["*:443", "localhost:443", false],
])("an entry %s of the configuration, asked for %s: %s", (entry, host, isAllowed) => {
  const { net, withheld } = ask([host], { "team-m-*": [entry] });
  expect([net, withheld.length]).toEqual(isAllowed ? [[host], 0] : [[], 1]);
});

test("entries apply to contexts that their patterns match, and add up", () => {
  const policy = { "team-a-*": ["10.0.0.1"], "*": ["*"], nightly: [] };
  expect(ask(["10.0.0.1"], policy, "team-a-x").net).toEqual(["10.0.0.1"]);
  expect(ask(["10.0.0.1"], policy, "team-b-x").net).toEqual([]);
  expect(ask(["api.example.com"], { "team-a-*": ["*"] }, "team-b-x").net).toEqual([]);
});

test("withheld destinations are reported with the reason, the context and advice; the rest is granted", () => {
  const { net, reach: bound, withheld } = ask(["API.example.com", "127.0.0.1:4222", "db", "2130706433"]);
  expect(net).toEqual(["API.example.com"]);
  expect(bound?.allow).toEqual(["api.example.com"]);
  expect(withheld).toEqual([
    'Jobs get no connections to "2130706433": a host is a DNS name, an IPv4 address of four decimal numbers, ' +
      "or an IPv6 address in brackets; perhaps with :port, from 1 to 65535",
    "Jobs get no connections to 127.0.0.1:4222, db: the configuration of the node, node.permissions.net, does not allow that to context " +
      '"team-m-x". Loopback, private and other special addresses and names have to be named there; "*" does not name them. Ask the operator of the node',
  ]);
});

test("special addresses that are not named are denied for every name, including this machine's", () => {
  const { deny, isIpv6Resolved } = reach(["api.example.com"]);
  expect(deny).toEqual(
    expect.arrayContaining([
      "0.0.0.0/8",
      "10.0.0.0/8",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "192.168.0.0/16",
      "[::]",
      "[::1]",
    ]),
  );
  expect(deny).toEqual(expect.arrayContaining(["203.0.114.9", "[2001:db80::9]", "[fd00:ec2::254]"]));
  expect(isIpv6Resolved).toBe(false);
});

test("addresses named on all ports are not denied, their neighbours are", () => {
  const { deny } = reach(["db.example.com"], { "*": ["*", "127.0.0.1", "10.128.0.0/9"] });
  expect(deny).toEqual(expect.arrayContaining(["127.0.0.0", "127.0.0.2/31", "10.0.0.0/9"]));
  expect(deny).not.toContain("127.0.0.1");
  expect(deny).not.toContain("10.0.0.0/8");
});

test("an address that is named on one port is denied to names on the others", () => {
  const policy = { "*": ["*", "127.0.0.1:5432"] };
  expect(reach(["127.0.0.1:5432"], policy).deny).not.toContain("127.0.0.1");
  const { deny } = reach(["127.0.0.1:5432", "api.example.com:443", "db.example.com:5432"], policy);
  expect(deny).toContain("127.0.0.1:443");
  expect(deny).not.toContain("127.0.0.1:5432");
  expect(deny).not.toContain("127.0.0.1");
});

test("an address that is named on one port and not asked for stays denied to names without a port", () => {
  expect(reach(["api.example.com"], { "*": ["*", "127.0.0.1:5432"] }).deny).toContain("127.0.0.0/8");
});

test("an address on one port is withheld beside names on all ports, which would open its other ports", () => {
  const { net, reach: bound, withheld } = ask(["api.example.com", "127.0.0.1:5432"], { "*": ["*", "127.0.0.1:5432"] });
  expect(net).toEqual(["api.example.com"]);
  expect(bound?.deny).toContain("127.0.0.0/8");
  expect(withheld).toEqual([
    "Jobs get no connections to 127.0.0.1:5432: the configuration of the node, node.permissions.net, allows that on one port alone, and " +
      "permissions.net has names on all ports. Give each name its port",
  ]);
});

test("names resolve to IPv6 addresses only when all of them are named", () => {
  expect(reach(["api.example.com"], { "*": ["*", "::/0"] })).toMatchObject({ isIpv6Resolved: true });
  expect(reach(["api.example.com"], { "*": ["*", "::/0"] }).deny).not.toContain("[::1]");
  expect(reach(["api.example.com"], { "*": ["*", "fd12::/16"] })).toMatchObject({ isIpv6Resolved: false });
});

test.each([
  "*",
  "*:443",
  "a",
  "*.example.com:*",
  "10.0.0.0/8",
  "::1",
  "fd00::/8",
  "[fd00::/8]:80",
  "::ffff:10.0.0.0/104",
])("%s is an entry of the configuration", (text) => expect(isPolicyEntry(text)).toBe(true));

test.each([
  "",
  "**",
  "*.*",
  "10.*",
  "127.0.0.*",
  "10.0.0.0/33",
  "a:0",
  "a:65536",
  "http://a",
  "0x7f.1",
  "a..b",
  "a b",
  "[::1",
  "fe80::1%eth0",
  "2130706433",
])("%j is not an entry of the configuration", (text) => expect(isPolicyEntry(text)).toBe(false));
