import fc from "fast-check";
import { expect, test } from "vitest";
import { JobQueue } from "./queue.ts";

interface Waiting {
  readonly number: number;
  readonly priority: number;
}

test("JobQueue returns jobs by priority, then in order, also after deletions", () => {
  const command = fc.oneof(
    fc.record({ type: fc.constant("add" as const), priority: fc.integer({ min: -1, max: 1 }) }),
    fc.record({ type: fc.constant("take" as const) }),
    fc.record({ type: fc.constant("delete" as const), index: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const queue = new JobQueue<Waiting>();
      const model: Waiting[] = [];
      const sorted = () => model.toSorted((a, b) => b.priority - a.priority || a.number - b.number);
      for (const [number, told] of commands.entries()) {
        if (told.type === "add") {
          const job = { number, priority: told.priority };
          model.push(job);
          queue.add(job);
        } else if (told.type === "take") {
          const [first] = sorted();
          expect(queue.take()).toBe(first);
          if (first !== undefined) model.splice(model.indexOf(first), 1);
        } else {
          const [job] = model.splice(told.index, 1);
          if (job !== undefined) expect(queue.delete(job)).toBe(true);
        }
        expect(queue.size).toBe(model.length);
        expect([...queue]).toEqual(sorted());
      }
    }),
  );
});

test("JobQueue.delete() returns whether the job waited", () => {
  const queue = new JobQueue<Waiting>();
  const job = { number: 1, priority: 0 };
  queue.add(job);
  expect([queue.delete(job), queue.delete(job)]).toEqual([true, false]);
});
