/** Runs tasks of one key one after the other, and those of different keys at the same time. */
export class TurnsByKey {
  readonly #lastByKey = new Map<string, Promise<unknown>>();

  /** Resolves and rejects as the task does, which starts when those before it are over. */
  async run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.#lastByKey.get(key);
    const turn = before === undefined ? task() : before.then(task, task);
    this.#lastByKey.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#lastByKey.get(key) === turn) this.#lastByKey.delete(key);
    }
  }
}
