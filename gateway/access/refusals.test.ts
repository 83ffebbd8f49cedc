import { pino } from "pino";
import { expect, test } from "vitest";
import { AuditEntry_Outcome } from "../../proto/mod.ts";
import type { AuditRecord } from "../audit/mod.ts";
import { startRefusals } from "./refusals.ts";

/** The recorder with a manual clock, and all that it wrote. */
function start() {
  const entries: AuditRecord[] = [];
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const log = pino({}, { write: (line: string) => lines.push(line) });
  const audit = { add: (record: AuditRecord) => entries.push(record) };
  return { entries, lines, clock, refusals: startRefusals({ audit, log }, { now: () => clock.nowMs }) };
}

const stranger = (peer: string): AuditRecord => ({ peer, action: "a", code: "unauthenticated" });

test("refusals of one network are written up to a budget, then counted in one entry per minute", () => {
  const { entries, lines, clock, refusals } = start();
  for (let count = 0; count < 1000; count++) refusals.add(stranger("192.0.2.1"));
  expect(entries).toHaveLength(60);
  expect(lines).toHaveLength(60);
  refusals.add(stranger("192.0.2.2"));
  expect(entries).toHaveLength(61);

  clock.nowMs += 60_000;
  refusals.summarize();
  expect(entries).toHaveLength(62);
  expect(entries[61]).toEqual({
    principal: "",
    peer: "192.0.2.1",
    action: "further refusals",
    outcome: AuditEntry_Outcome.REFUSED,
    reason: "940 further refusals of network 192.0.2.1 in the last minute",
    times: 940,
  });
  expect(lines).toHaveLength(62);
  refusals.summarize();
  expect(entries).toHaveLength(62);
  refusals[Symbol.dispose]();
});

test("addresses of one /64 network share a budget", () => {
  const { entries, refusals } = start();
  for (let count = 0; count < 1000; count++) refusals.add(stranger(`2001:db8:1:2::${count.toString(16)}`));
  expect(entries).toHaveLength(60);
  refusals[Symbol.dispose]();
});

test("all unauthenticated networks share a budget, and the summary is bounded", () => {
  const { entries, refusals } = start();
  for (let count = 0; count < 30_000; count++)
    refusals.add(stranger(`10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`));
  expect(entries).toHaveLength(600);
  refusals.summarize();
  expect(entries).toHaveLength(621);
  expect(entries.slice(600).reduce((sum, { times = 1 }) => sum + times, 600)).toBe(30_000);
  refusals[Symbol.dispose]();
});

test("a budget refills", () => {
  const { entries, clock, refusals } = start();
  for (let count = 0; count < 100; count++) refusals.add(stranger("192.0.2.1"));
  clock.nowMs += 60_000;
  for (let count = 0; count < 100; count++) refusals.add(stranger("192.0.2.1"));
  expect(entries).toHaveLength(90);
  refusals[Symbol.dispose]();
});

test("an authenticated principal has a larger budget of its own", () => {
  const { entries, refusals } = start();
  for (let count = 0; count < 30_000; count++) refusals.add(stranger(`10.0.${(count >> 8) & 255}.${count & 255}`));
  const before = entries.length;
  for (let count = 0; count < 5000; count++) refusals.add({ ...stranger("10.0.0.1"), principal: "alice" });
  expect(entries.length - before).toBe(600);
  refusals.summarize();
  expect(entries.at(-1)).toMatchObject({ times: expect.any(Number) });
  expect(entries).toContainEqual(expect.objectContaining({ principal: "alice", times: 4400 }));
  refusals[Symbol.dispose]();
});
