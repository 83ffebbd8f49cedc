import { describeError } from "../../proto/errors.ts";

/** Watches over a call that goes on after its caller was let in. Disposing it ends the watch. */
export interface Stay extends Disposable {
  /** Aborted with the call's own signal, and when the caller may not go on. */
  readonly signal: AbortSignal;
  /** The items of a stream. Rejects with Unauthenticated, PermissionDenied or Unavailable when the caller may not go on. */
  follow<Item>(stream: AsyncIterable<Item>): AsyncGenerator<Item>;
  /** Rejects so as well, instead of with what the work rejects with when it is ended. */
  hold<T>(work: Promise<T>): Promise<T>;
}

interface StayOptions {
  /** Of the call. */
  readonly signal: AbortSignal;
  /** Time between two looks. */
  readonly everyMs: number;
  /** When the credentials are known to end. */
  readonly endsAt: Date | undefined;
  /** Resolves with when the credentials end. Rejects when the caller may not go on, or that cannot be known now. */
  check(): Promise<Date | undefined>;
}

/**
 * Starts to look, again and again and when the credentials end. A caller of whom cannot be known whether it may go on does so until the
 * next look: an issuer that is away for short ends no streams.
 */
export function startStay({ signal, everyMs, endsAt, check }: StayOptions): Stay {
  const over = new AbortController();
  let fault: unknown;
  let isDoubtful = false;
  let isLeft = signal.aborted;
  let timer = setTimeout(look, untilLook(endsAt));
  const leave = (): void => {
    isLeft = true;
    over.abort(signal.reason);
  };
  signal.addEventListener("abort", leave);
  if (signal.aborted) leave();

  return {
    signal: over.signal,
    async *follow(stream) {
      try {
        for await (const item of stream) {
          if (fault !== undefined) break;
          yield item;
        }
      } catch (error) {
        throw fault ?? error;
      }
      if (fault !== undefined) throw fault;
    },
    hold: (work) =>
      work.catch((error) => {
        throw fault ?? error;
      }),
    [Symbol.dispose]() {
      isLeft = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    },
  };

  async function look(): Promise<void> {
    const [outcome] = await Promise.allSettled([check()]);
    if (isLeft) return;
    if (outcome.status === "fulfilled") {
      isDoubtful = false;
      timer = setTimeout(look, untilLook(outcome.value));
      return;
    }
    if (describeError(outcome.reason).code === "unavailable" && !isDoubtful) {
      isDoubtful = true;
      timer = setTimeout(look, everyMs);
      return;
    }
    fault = outcome.reason;
    over.abort(fault);
  }

  function untilLook(end: Date | undefined): number {
    const leftMs = end === undefined ? everyMs : end.getTime() - Date.now();
    return Math.min(everyMs, Math.max(1, leftMs));
  }
}
