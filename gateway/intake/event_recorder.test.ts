import { pino } from "pino";
import { afterEach, expect, test, vi } from "vitest";
import { until } from "../../test/until.ts";
import type { NodeSession } from "../nodes/mod.ts";
import { JobUnknown } from "../state/mod.ts";
import { Intake } from "./event_recorder.ts";

let warnings: number;

const OPEN = { nodeId: "n", isOver: false } as NodeSession;
const OVER = { nodeId: "n", isOver: true } as NodeSession;

afterEach(() => {
  vi.useRealTimers();
});

function startIntake(): Intake {
  vi.useFakeTimers({ toFake: ["performance"] });
  warnings = 0;
  const log = pino({ level: "warn" }, { write: () => void warnings++ });
  return new Intake({ log, checkStore: async () => {} });
}

test("all events of an unknown job are abandoned together", async () => {
  const intake = startIntake();
  const record = () => Promise.reject(new JobUnknown("no such job"));
  const taken = Array.from({ length: 100 }, () => intake.take({ session: OPEN, id: "j", record }));
  await until("the first has failed", () => warnings > 0);
  vi.advanceTimersByTime(20_000);
  expect(new Set(await Promise.all(taken))).toEqual(new Set([true]));
});

test("the events of a closed session are left to the next session", async () => {
  const intake = startIntake();
  const record = () => Promise.reject(new Error("the store is unavailable"));
  const taken = [1, 2].map(() => intake.take({ session: OVER, id: "j", record }));
  expect(await Promise.all(taken)).toEqual([false, false]);
});

test("after a failure the events of a job are recorded in order", async () => {
  const intake = startIntake();
  const recorded: number[] = [];
  let isAway = true;
  const take = (number: number) =>
    intake.take({
      session: OPEN,
      id: "j",
      async record() {
        if (isAway) throw new Error("the store is unavailable");
        recorded.push(number);
      },
    });
  const taken = [take(1), take(2)];
  await until("the first has failed", () => warnings > 0);
  isAway = false;
  taken.push(take(3));
  await Promise.all(taken);
  expect(recorded).toEqual([1, 2, 3]);
});
