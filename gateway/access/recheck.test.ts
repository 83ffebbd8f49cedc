import { once } from "node:events";
import { expect, test } from "vitest";
import { authUnavailable, permissionDenied } from "../../proto/errors.ts";
import { startRecheck } from "./recheck.ts";

const { signal } = new AbortController();
const options = { signal, everyMs: 5, endsAt: undefined };
const doubt = authUnavailable("p", undefined);

/** A check with each of these outcomes in turn, and success from then on. */
function inTurn(...faults: (Error | undefined)[]) {
  const looks = { count: 0 };
  const check = async (): Promise<undefined> => {
    const fault = faults[looks.count++];
    if (fault !== undefined) throw fault;
  };
  return { looks, check };
}

async function* endless(until: AbortSignal): AsyncGenerator<number> {
  yield 1;
  if (!until.aborted) await once(until, "abort");
}

test("a stream ends with the error of a check", async () => {
  const denied = permissionDenied("jobs:read", "alice", { isLimited: false });
  using recheck = startRecheck({ ...options, ...inTurn(undefined, denied) });
  await expect(Array.fromAsync(recheck.follow(endless(recheck.signal)))).rejects.toBe(denied);
});

test("one inconclusive check is tolerated, two in a row are not", async () => {
  const { looks, check } = inTurn(doubt, undefined, doubt, doubt);
  using recheck = startRecheck({ ...options, check });
  await expect(Array.fromAsync(recheck.follow(endless(recheck.signal)))).rejects.toBe(doubt);
  expect(looks.count).toBe(4);
});

test("interrupted work rejects with the error of the check, other work with its own", async () => {
  using recheck = startRecheck({ ...options, ...inTurn(doubt, doubt) });
  await expect(recheck.hold(Promise.reject(new Error("other")))).rejects.toThrow("other");
  await once(recheck.signal, "abort");
  await expect(recheck.hold(Promise.reject(new Error("aborted")))).rejects.toBe(doubt);
});

test("a check runs when the credentials expire", async () => {
  const expired = permissionDenied("jobs:read", "alice", { isLimited: false });
  using recheck = startRecheck({ ...options, everyMs: 60_000, endsAt: new Date(Date.now() + 5), ...inTurn(expired) });
  await expect(Array.fromAsync(recheck.follow(endless(recheck.signal)))).rejects.toBe(expired);
});
