import type { NamedObject, ObjectsAnswer } from "../../proto/node.ts";
import type { FrameWriter } from "./frames.ts";

/** The named objects of contexts, asked of their node over the session. */
export class NamedObjects {
  readonly #frames: FrameWriter;
  readonly #waiting = new Map<number, PromiseWithResolvers<NamedObject[]>>();
  #lastRequestId = 0;

  constructor(frames: FrameWriter) {
    this.#frames = frames;
  }

  /** The named objects of a context. Rejects when the node does not hold it, or the session ends. */
  list(contextId: string): Promise<NamedObject[]> {
    return this.#ask(contextId, "");
  }

  /** Drops a named object; undefined when there is none. Rejects as `list`. */
  async drop(contextId: string, name: string): Promise<NamedObject | undefined> {
    const [dropped] = await this.#ask(contextId, name);
    return dropped;
  }

  receive({ requestId, objects, error }: ObjectsAnswer): void {
    const waiting = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    if (error === "") waiting?.resolve(objects);
    else waiting?.reject(new Error(error));
  }

  /** The session is over: nothing more will come. */
  close(reason: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(reason);
    this.#waiting.clear();
  }

  #ask(contextId: string, drop: string): Promise<NamedObject[]> {
    const requestId = ++this.#lastRequestId;
    const waiting = Promise.withResolvers<NamedObject[]>();
    this.#waiting.set(requestId, waiting);
    this.#frames.send({ $case: "objectsRequest", value: { requestId, contextId, drop } });
    return waiting.promise;
  }
}
