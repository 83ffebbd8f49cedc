type Task = () => Promise<void> | undefined | void;

/** Runs tasks one after the other. */
export interface SerialQueue {
  /** Runs the task at once, or after all earlier tasks. A promise that the task returns is awaited, and must not reject. */
  add(task: Task): void;
  /** Number of waiting tasks. */
  readonly length: number;
}

/** The queue is unbounded: the caller checks `length`. */
export function createSerialQueue(): SerialQueue {
  /** Undefined while no task is running. */
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
