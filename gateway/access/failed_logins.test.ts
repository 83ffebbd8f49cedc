import { expect, test } from "vitest";
import { createFailedLogins } from "./failed_logins.ts";

const PEER = "192.0.2.7";

function open(failedLoginsPerMinute = 3) {
  const clock = { nowMs: 0 };
  return { clock, logins: createFailedLogins({ failedLoginsPerMinute, now: () => clock.nowMs }) };
}

test("the bucket allows the failures of a minute at once, then one at its rate", () => {
  const { clock, logins } = open();
  for (const digest of ["a", "b", "c"]) {
    expect(logins.waitMs({ peer: PEER, digest })).toBeUndefined();
    logins.failed({ peer: PEER, digest });
  }
  expect(logins.waitMs({ peer: PEER, digest: "d" })).toBe(20_000);
  clock.nowMs = 20_000;
  expect(logins.waitMs({ peer: PEER, digest: "d" })).toBeUndefined();
  logins.failed({ peer: PEER, digest: "d" });
  expect(logins.waitMs({ peer: PEER, digest: "e" })).toBe(20_000);
});

test("credentials that succeeded before pass an empty bucket until they fail", () => {
  const { logins } = open();
  const right = { peer: PEER, digest: "right" };
  logins.succeeded(right);
  for (const digest of ["a", "b", "c"]) logins.failed({ peer: PEER, digest });
  expect(logins.waitMs(right)).toBeUndefined();
  expect(logins.waitMs({ peer: PEER, digest: undefined })).toBe(20_000);
  logins.failed(right);
  expect(logins.waitMs(right)).toBe(20_000);
});

test("only addresses of the same IPv6 network share a bucket", () => {
  const { logins } = open(1);
  logins.failed({ peer: PEER, digest: "a" });
  logins.failed({ peer: "2001:db8::1", digest: "a" });
  expect(logins.waitMs({ peer: "192.0.2.8", digest: "b" })).toBeUndefined();
  expect(logins.waitMs({ peer: "2001:db8::2", digest: "b" })).toBe(60_000);
});

test("the newest ten thousand networks are remembered", () => {
  const { logins } = open(1);
  for (let n = 0; n <= 10_000; n++) logins.failed({ peer: `10.0.${n >> 8}.${n & 255}`, digest: "a" });
  expect(logins.waitMs({ peer: "10.0.0.0", digest: "b" })).toBeUndefined();
  expect(logins.waitMs({ peer: "10.0.0.1", digest: "b" })).toBe(60_000);
});
