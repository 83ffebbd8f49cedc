import { describeError } from "../../proto/errors.ts";

/** Re-authorizes a long call. Disposal ends the checks. */
export interface Recheck extends Disposable {
  /** Aborted with the call's own signal, and when authorization ends. */
  readonly signal: AbortSignal;
  /** The items of a stream. Rejects with Unauthenticated, PermissionDenied or Unavailable when authorization ends. */
  follow<Item>(stream: AsyncIterable<Item>): AsyncGenerator<Item>;
  /** Rejects with the same errors instead of those that the interruption causes in the work. */
  hold<T>(work: Promise<T>): Promise<T>;
}

interface RecheckOptions {
  /** Signal of the call. */
  readonly signal: AbortSignal;
  /** Interval between checks, in milliseconds. */
  readonly everyMs: number;
  /** Expiry of the credentials, if known. */
  readonly endsAt: Date | undefined;
  /** Resolves with the expiry of the credentials. Rejects when the caller is no longer authorized, or that cannot be verified now. */
  check(): Promise<Date | undefined>;
}

/**
 * Starts periodic checks, and one when the credentials expire. If authorization cannot be re-verified, the call continues until the next
 * check, so that a short outage of an issuer ends no streams.
 */
export function startRecheck({ signal, everyMs, endsAt, check }: RecheckOptions): Recheck {
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
