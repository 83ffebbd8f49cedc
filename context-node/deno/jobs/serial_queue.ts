type Act = () => Promise<void> | undefined | void;

/** Does one thing after the other. */
export interface Turns {
  /** Does it at once, or when all is done that was given before. A promise that it answers is waited for, and must not reject. */
  take(act: Act): void;
  /** How much waits. */
  readonly length: number;
}

/** How much may wait is the caller's to bound. */
export function createTurns(): Turns {
  /** Undefined while nothing is waited for. */
  let waiting: Act[] | undefined;

  function take(act: Act): void {
    if (waiting !== undefined) return void waiting.push(act);
    const done = act();
    if (done === undefined) return;
    waiting = [];
    void done.then(goOn);
  }

  function goOn(): void {
    const acts = waiting ?? [];
    waiting = undefined;
    for (const act of acts) take(act);
  }

  return {
    take,
    get length() {
      return waiting?.length ?? 0;
    },
  };
}
