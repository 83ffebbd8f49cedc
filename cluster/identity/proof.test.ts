import { createSecretKey } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { claimSession, ProofReader } from "./proof.ts";

const secrets = { current: [createSecretKey("sixteen characters", "utf8")] as const };

/** How far the clock of a gateway may be from that of the node, in milliseconds. */
const TOLERANCE_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
});

test.each([-TOLERANCE_MS, TOLERANCE_MS])("a proof is accepted when the clocks are %i ms apart", (apartMs) => {
  const claim = claimSession(secrets, "node");
  vi.setSystemTime(Date.now() + apartMs);
  expect(claim.isAnsweredBy(new ProofReader(secrets, "node").answer(claim.proof))).toBe(true);
});

test.each([-TOLERANCE_MS - 1, TOLERANCE_MS + 1])("a proof is refused when the clocks are %i ms apart", (apartMs) => {
  const { proof } = claimSession(secrets, "node");
  vi.setSystemTime(Date.now() + apartMs);
  expect(() => new ProofReader(secrets, "node").answer(proof)).toThrow("the clock of a machine is wrong");
});

test("a proof is not accepted again while its time is valid", () => {
  vi.setSystemTime(Date.now() + TOLERANCE_MS);
  const { proof } = claimSession(secrets, "node");
  const reader = new ProofReader(secrets, "node");
  vi.setSystemTime(Date.now() - TOLERANCE_MS);
  reader.answer(proof);
  vi.setSystemTime(Date.now() + 2 * TOLERANCE_MS);
  reader.answer(claimSession(secrets, "node").proof);
  expect(() => reader.answer(proof)).toThrow("used before");
});

test("a proof is not accepted again when the clock goes back to its time", () => {
  const reader = new ProofReader(secrets, "node");
  const { proof } = claimSession(secrets, "node");
  reader.answer(proof);
  const takenAt = Date.now();
  vi.setSystemTime(takenAt + 3_600_000);
  reader.answer(claimSession(secrets, "node").proof);

  vi.setSystemTime(takenAt);
  expect(() => reader.answer(proof)).toThrow("used before");
});
