import { LoopDelay } from "./loop_delay.ts";
import { Meter } from "./rates.ts";
import { Timer } from "./timer.ts";

/** Measurements of this API: a timer for each kind of request, and a meter for responses of 500 and above. */
export class Measurements {
  readonly serverErrors = new Meter();
  readonly loopDelay = new LoopDelay();
  readonly timers: ReadonlyMap<string, Timer>;

  constructor(timerNames: readonly string[]) {
    this.timers = new Map(timerNames.map((name) => [name, new Timer()]));
  }

  /** Measures until disposal. */
  measure({ timer }: { readonly timer: string | undefined }): Disposable {
    const measured = timer === undefined ? undefined : this.timers.get(timer);
    const started = performance.now();
    return { [Symbol.dispose]: () => measured?.add(performance.now() - started) };
  }
}
