import { expect, test, vi } from "vitest";
import { Complaints } from "./complaints.ts";

test("a reason is told once a minute, each reason for itself", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const told: unknown[] = [];
  const complaints = new Complaints({ log: { warn: (fields: unknown) => told.push(fields) } });
  const tell = (reason: string, attempt: number) => complaints.tell(reason, { attempt }, "turned away");
  tell("old", 1);
  tell("old", 2);
  tell("unsigned", 3);
  vi.advanceTimersByTime(60_000);
  tell("old", 4);
  vi.useRealTimers();
  expect(told).toEqual([
    { attempt: 1, reason: "old" },
    { attempt: 3, reason: "unsigned" },
    { attempt: 4, reason: "old" },
  ]);
});
