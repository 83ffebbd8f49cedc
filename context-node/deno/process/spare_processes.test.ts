import { expect, test } from "vitest";
import type { DenoProcess } from "./deno_process.ts";
import type { ProcessProfile } from "./process_profile.ts";
import { createSpares, type Spares } from "./spare_processes.ts";

const profile: ProcessProfile = { reach: undefined, timeZone: undefined, memoryBytes: 1 };
const log = { debug() {}, warn() {} };

/** Starts of processes that end only when a test says so. */
class Starts {
  readonly waiting: PromiseWithResolvers<DenoProcess>[] = [];
  readonly living = new Set<DenoProcess>();

  readonly start = (signal: AbortSignal): Promise<DenoProcess> => {
    const turn = Promise.withResolvers<DenoProcess>();
    this.waiting.push(turn);
    signal.addEventListener("abort", () => turn.reject(signal.reason));
    return turn.promise;
  };

  /** Lets all that were begun end well, where they were not ended before. */
  succeed(): DenoProcess[] {
    return this.waiting.splice(0).map((turn) => {
      const process = this.#createProcess();
      turn.promise.then(
        () => this.living.add(process),
        () => {},
      );
      turn.resolve(process);
      return process;
    });
  }

  #createProcess(): DenoProcess {
    const process = {
      ended: new Promise(() => {}),
      [Symbol.asyncDispose]: async () => void this.living.delete(process),
    } as unknown as DenoProcess;
    return process;
  }
}

function take(spares: Spares): { taken: Promise<DenoProcess | undefined>; leave: () => void } {
  const controller = new AbortController();
  const taken = spares.take(profile, controller.signal);
  taken.catch(() => {});
  return { taken, leave: () => controller.abort(new Error("left")) };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("callers that leave before their process is ready leave no more spares than are to be kept", async () => {
  const starts = new Starts();
  await using spares = createSpares({ start: starts.start, log }, { profile, count: 1 });
  const callers = Array.from({ length: 20 }, () => take(spares));
  for (const { leave } of callers) leave();
  starts.succeed();
  await settle();
  expect(starts.living.size).toBe(1);
});

test("a caller that leaves when it has just got its process takes no other caller's turn", async () => {
  const starts = new Starts();
  await using spares = createSpares({ start: starts.start, log }, { profile, count: 0 });
  const first = take(spares);
  const second = take(spares);
  const [begun, next] = starts.waiting.splice(0);
  const process = { ended: new Promise(() => {}) } as unknown as DenoProcess;
  begun?.resolve(process);
  // In the microtask after the one that hands it its process.
  void begun?.promise.then(first.leave);
  await settle();
  const other = { ended: new Promise(() => {}) } as unknown as DenoProcess;
  next?.resolve(other);
  expect(await second.taken).toBe(other);
});
