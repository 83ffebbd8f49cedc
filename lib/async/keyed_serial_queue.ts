/** Runs tasks of one key one after the other, and tasks of different keys concurrently. */
export class KeyedSerialQueue {
  readonly #lastByKey = new Map<string, Promise<unknown>>();

  /** Starts the task when all earlier tasks of the key have settled. Settles as the task does. */
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
