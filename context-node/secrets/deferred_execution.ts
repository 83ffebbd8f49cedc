import type { AbortReason, Execution, Outcome } from "../runtime/mod.ts";

/** How to start an execution that was prepared, or how it ends without one. */
type Prepared = Outcome | (() => Execution);

/** An execution that has to be prepared first. Terminated meanwhile, it has ended at once and is never started. */
export class DeferredExecution implements Execution {
  readonly outcome: Promise<Outcome>;
  readonly #calledOff = Promise.withResolvers<Outcome>();
  #abortReason: AbortReason | undefined;
  #isTerminated = false;
  #execution: Execution | undefined;

  constructor(prepare: () => Promise<Prepared>) {
    this.outcome = Promise.race([this.#calledOff.promise, this.#run(prepare)]);
  }

  abort(reason: AbortReason): void {
    this.#abortReason ??= reason;
    this.#execution?.abort(reason);
  }

  terminate(): void {
    this.#isTerminated = true;
    if (this.#execution === undefined) this.#calledOff.resolve({ type: "terminated" });
    else this.#execution.terminate();
  }

  async #run(prepare: () => Promise<Prepared>): Promise<Outcome> {
    const prepared = await prepare();
    if (this.#isTerminated) return { type: "terminated" };
    if (typeof prepared !== "function") return prepared;
    this.#execution = prepared();
    if (this.#abortReason !== undefined) this.#execution.abort(this.#abortReason);
    return this.#execution.outcome;
  }
}
