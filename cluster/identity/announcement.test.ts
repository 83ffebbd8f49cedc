import { createSecretKey } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AnnouncementReader, createSigner } from "./announcement.ts";

const secrets = { current: [createSecretKey("sixteen characters", "utf8")] as const };
const HOUR_MS = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance", "setTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A node, and a gateway that shares its clock. */
function start() {
  const sign = createSigner(secrets);
  const reader = new AnnouncementReader(secrets);
  return {
    announce(id = "node") {
      const announcement = { subject: "hearth", payload: JSON.stringify({ id }) };
      return { ...announcement, signature: sign(announcement) };
    },
    read: (announcement: Parameters<AnnouncementReader["read"]>[0]) =>
      reader.read(announcement, (payload) => JSON.parse(payload) as { id: string }),
  };
}

test.each([-HOUR_MS, -40_000, -20_000, -500, 500, 20_000, HOUR_MS])(
  "announcements are believed after a leap of %d ms of the clock that both ends share",
  (leapMs) => {
    const { announce, read } = start();
    expect(read(announce())).toEqual({ id: "node" });
    vi.advanceTimersByTime(1000);
    vi.setSystemTime(Date.now() + leapMs);

    for (let beat = 0; beat < 50; beat++) {
      vi.advanceTimersByTime(1000);
      expect(read(announce())).toEqual({ id: "node" });
    }
  },
);

test("an announcement is accepted once, also after the clock went back", () => {
  const { announce, read } = start();
  const first = announce();
  read(first);
  vi.advanceTimersByTime(1000);
  const second = announce();
  read(second);
  vi.setSystemTime(Date.now() - 5000);

  expect(() => read(second)).toThrow("it was made before");
  vi.setSystemTime(Date.now() - HOUR_MS);
  expect(() => read(second)).toThrow("it is old, or the clock of its machine or ours is wrong");
  vi.advanceTimersByTime(1000);
  expect(read(announce())).toEqual({ id: "node" });
});
