import type { AbortReason, Execution, Outcome } from "../runtime/mod.ts";

/** Starts a prepared execution, or holds its outcome without a start. */
type Prepared = Outcome | (() => Execution);

/** An execution that is prepared first. If it is terminated meanwhile, it ends at once and never starts. */
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
