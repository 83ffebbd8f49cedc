import { expect, test } from "vitest";
import { findNatsFaults, parseNatsVersion } from "./version.ts";

test.each([
  ["nats-server: v2.9.10\n", "2.9.10"],
  ["nats-server: v2.14.0-RC.1", "2.14.0"],
  ["something else", undefined],
])("parseNatsVersion() reads %j", (output, version) => {
  expect(parseNatsVersion(output)).toBe(version);
});

test("findNatsFaults() lists the vulnerabilities of Debian's version", () => {
  expect(findNatsFaults("2.9.10")).toEqual([
    "it may let in clients without credentials (CVE-2023-47090)",
    "users with rights on JetStream may delete streams of other accounts (CVE-2025-30215)",
    "users who may restore one stream may overwrite others (CVE-2026-33222)",
    "queue subscriptions may pass denied subjects (GHSA-jx8g-9g95-6322)",
  ]);
});

test.each([
  ["2.9.23", 3],
  ["2.10.26", 3],
  ["2.10.27", 2],
  ["2.11.0", 3],
  ["2.11.16", 0],
  ["2.12.6", 1],
  ["2.12.10", 0],
  ["2.13.0", 1],
  ["2.14.5", 0],
  ["3.0.0", 0],
])("findNatsFaults() of %s: %i", (version, count) => {
  expect(findNatsFaults(version)).toHaveLength(count);
});
