import type { NamedObject, ObjectsAnswer } from "../../proto/node.ts";
import type { FrameWriter } from "./frames.ts";

interface Waiting {
  readonly signal: AbortSignal;
}

/**
 * The named objects of contexts, asked of their node over the session. Answers are undefined when the node does not hold the
 * context; they reject when the session ends or the signal is aborted.
 */
export class NamedObjects {
  readonly #frames: FrameWriter;
  readonly #waiting = new Map<number, PromiseWithResolvers<NamedObject[] | undefined>>();
  #lastRequestId = 0;

  constructor(frames: FrameWriter) {
    this.#frames = frames;
  }

  /** The named objects of a context, by name. */
  list(contextId: string, waiting: Waiting): Promise<NamedObject[] | undefined> {
    return this.#ask(contextId, "", waiting);
  }

  /** Drops a named object; answers those dropped: one, or none when there is none of that name. */
  drop(contextId: string, name: string, waiting: Waiting): Promise<NamedObject[] | undefined> {
    return this.#ask(contextId, name, waiting);
  }

  receive({ requestId, objects, error }: ObjectsAnswer): void {
    this.#waiting.get(requestId)?.resolve(error === "" ? objects : undefined);
  }

  /** The session is over: nothing more will come. */
  close(reason: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
  }

  async #ask(contextId: string, drop: string, { signal }: Waiting): Promise<NamedObject[] | undefined> {
    signal.throwIfAborted();
    const requestId = ++this.#lastRequestId;
    const answer = Promise.withResolvers<NamedObject[] | undefined>();
    const abort = (): void => answer.reject(signal.reason);
    signal.addEventListener("abort", abort);
    this.#waiting.set(requestId, answer);
    this.#frames.send({ $case: "objectsRequest", value: { requestId, contextId, drop } });
    try {
      return await answer.promise;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#waiting.delete(requestId);
    }
  }
}
