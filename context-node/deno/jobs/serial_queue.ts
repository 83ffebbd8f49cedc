type Task = () => Promise<void> | undefined | void;

/** Does one thing after the other. */
export interface SerialQueue {
  /** Does it at once, or when all is done that was given before. A promise that it answers is waited for, and must not reject. */
  add(task: Task): void;
  /** How much waits. */
  readonly length: number;
}

/** How much may wait is the caller's to bound. */
export function createSerialQueue(): SerialQueue {
  /** Undefined while nothing is waited for. */
  let waiting: Task[] | undefined;

  function add(task: Task): void {
    if (waiting !== undefined) return void waiting.push(task);
    const done = task();
    if (done === undefined) return;
    waiting = [];
    void done.then(runWaiting);
  }

  function runWaiting(): void {
    const tasks = waiting ?? [];
    waiting = undefined;
    for (const task of tasks) add(task);
  }

  return {
    add,
    get length() {
      return waiting?.length ?? 0;
    },
  };
}
