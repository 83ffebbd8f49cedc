import type { NamedObject, ObjectsAnswer, ObjectsRequest } from "../../proto/node.ts";
import { Answers } from "./pending_replies.ts";

interface Frames {
  send(message: { readonly $case: "objectsRequest"; readonly value: ObjectsRequest }): void;
}

interface Waiting {
  readonly signal: AbortSignal;
}

/**
 * Named objects of contexts, read from their node over the session. Results are undefined when the node does not hold the context. Calls
 * reject when the session ends or the signal is aborted.
 */
export class NamedObjects {
  readonly #frames: Frames;
  readonly #answers = new Answers<NamedObject[] | undefined>();

  constructor(frames: Frames) {
    this.#frames = frames;
  }

  /** The named objects of a context, by name. */
  list(contextId: string, waiting: Waiting): Promise<NamedObject[] | undefined> {
    return this.#ask(contextId, "", waiting);
  }

  /** Drops a named object. Resolves to the dropped object, or to an empty list if there is none of that name. */
  drop(contextId: string, name: string, waiting: Waiting): Promise<NamedObject[] | undefined> {
    return this.#ask(contextId, name, waiting);
  }

  receive({ requestId, objects, error }: ObjectsAnswer): void {
    this.#answers.receive(requestId, error === "" ? objects : undefined);
  }

  /** Rejects pending calls: the session is over. */
  close(reason: Error): void {
    this.#answers.close(reason);
  }

  #ask(contextId: string, drop: string, waiting: Waiting): Promise<NamedObject[] | undefined> {
    return this.#answers.ask((requestId) => {
      this.#frames.send({ $case: "objectsRequest", value: { requestId, contextId, drop } });
    }, waiting);
  }
}
