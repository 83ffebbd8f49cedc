import type { Logger } from "pino";
import type { Dao } from "../../plugins/contract/mod.ts";
import { type CallbackQueue, createJobPublishing, type EventStream, Outbox, readLastSeq } from "../events/mod.ts";
import { ContextRegistry } from "./context_registry.ts";
import { JobRegistry } from "./job_registry.ts";

interface StateDeps {
  readonly dao: Dao;
  readonly events: EventStream;
  readonly queue: CallbackQueue;
  readonly log: Logger;
}

/** The registries of one gateway. Disposing it stores the changes that wait and publishes the events of the outbox. */
export interface State extends AsyncDisposable {
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
}

/** Opens the registries of jobs and contexts over a store, and the outbox between the store and the event stream. */
export function openState({ dao, events, queue, log }: StateDeps): State {
  const opened = new AsyncDisposableStack();
  const lastSeq = (jobId: string) => readLastSeq(events, jobId);
  const outbox = opened.use(new Outbox({ dao, publisher: events.publisher, lastSeq, queue, log }));
  const contexts = new ContextRegistry({ dao, publishOutbox: (event) => outbox.publish(event) });
  const nodeOf = async (contextId: string) => (await contexts.find(contextId))?.nodeId;
  const jobs = opened.use(new JobRegistry({ dao, publishing: createJobPublishing(events, outbox), nodeOf, log }));
  return { jobs, contexts, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}
