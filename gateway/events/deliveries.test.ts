import type { JsMsg } from "@nats-io/jetstream";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createFailedDeliveries } from "./deliveries.ts";

const MOST_FAILURES = 3;

const log = pino({ level: "silent" });

interface Delivery {
  readonly message: JsMsg;
  /** What became of it. */
  readonly answers: string[];
}

function deliveryOf(seq: number): Delivery {
  const answers: string[] = [];
  const message = { seq, subject: "events", nak: () => answers.push("nak"), term: () => answers.push("term") };
  return { message: message as unknown as JsMsg, answers };
}

async function fail(count: number, failed: (message: JsMsg, error: unknown) => Promise<void>, first = 1) {
  for (let seq = first; seq < first + count; seq++) await failed(deliveryOf(seq).message, new Error("not stored"));
}

test.each([
  ["failed while the store was away", false],
  ["failed once and were taken by another gateway", true],
])("an event that fails again and again is given up, also after very many others %s", async (_which, isWorking) => {
  let isAway = !isWorking;
  const deliveries = createFailedDeliveries({
    log,
    mostFailures: MOST_FAILURES,
    checkStore: async () => {
      if (isAway) throw new Error("away");
    },
  });
  await fail(20_000, deliveries.failed);
  isAway = false;
  const poison = deliveryOf(1_000_000);
  for (let n = 0; n < MOST_FAILURES; n++) {
    await deliveries.failed(poison.message, new Error("not stored"));
    await fail(10, deliveries.failed, 2_000_000 + 10 * n);
  }
  expect(poison.answers).toEqual(["nak", "nak", "term"]);
});

test("failures are not counted while the store is away, and not after the event was taken", async () => {
  let isAway = true;
  const deliveries = createFailedDeliveries({
    log,
    mostFailures: 2,
    checkStore: async () => {
      if (isAway) throw new Error("away");
    },
  });
  const { message, answers } = deliveryOf(1);
  for (let n = 0; n < 5; n++) await deliveries.failed(message, new Error("not stored"));
  isAway = false;
  await deliveries.failed(message, new Error("not stored"));
  deliveries.taken(message);
  await deliveries.failed(message, new Error("not stored"));
  expect(answers).toEqual(Array(7).fill("nak"));
  await deliveries.failed(message, new Error("not stored"));
  expect(answers.at(-1)).toBe("term");
});

test("an event whose record cannot be read is given up at once, also when a plugin's own contract says so", async () => {
  const deliveries = createFailedDeliveries({ log, checkStore: async () => {} });
  const { message, answers } = deliveryOf(1);
  const foreign = Object.assign(new Error('Cannot read job "1"'), { name: "UnreadableRecord" });
  await deliveries.failed(message, foreign);
  expect(answers).toEqual(["term"]);
});
