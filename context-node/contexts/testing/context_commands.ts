import { afterAll, beforeAll } from "vitest";
import { ContextSettings, type NamedObject, type RunJob } from "../../../proto/node.ts";
import { startTestNatsServer } from "../../../test/nats/server.ts";
import { startTestNode, type TestNode } from "../../../test/node/context_node.ts";
import type { GatewaySession } from "../../../test/node/gateway_session.ts";

export const MEBIBYTE = 1024 * 1024;

/** A real node with scripted jobs for the tests of a file, one session with it, and commands about contexts. */
export class ContextCommands {
  readonly #stack = new AsyncDisposableStack();
  #started: { readonly node: TestNode; readonly session: GatewaySession } | undefined;
  #lastRequest = 0;

  /** Call it at the top of a test file: starts the node before the first test, and stops it after the last one. */
  constructor() {
    beforeAll(async () => {
      const nats = this.#stack.use(await startTestNatsServer());
      const node = this.#stack.use(await startTestNode({ natsUrl: nats.url, memoryBytes: 8192 * MEBIBYTE }));
      this.#started = { node, session: await node.openSession() };
    });
    afterAll(() => this.#stack.disposeAsync());
  }

  get tested(): TestNode {
    return this.#get().node;
  }

  get session(): GatewaySession {
    return this.#get().session;
  }

  /** Starts a context with little memory and returns its id. */
  async start(settings: Partial<ContextSettings> = {}, options: { adHoc?: boolean } = {}): Promise<string> {
    const contextId = crypto.randomUUID();
    await this.session.startContext(contextId, { memoryBytes: MEBIBYTE, ...settings }, options);
    return contextId;
  }

  run(contextId: string, entryPoint: string, command: Partial<RunJob> = {}, config: object = {}): string {
    const jobId = crypto.randomUUID();
    this.session.runJob({ jobId, contextId, entryPoint, gracePeriodMs: 50, ...command }, config);
    return jobId;
  }

  cancel(jobId: string): void {
    this.session.send({ $case: "cancelJob", value: { jobId } });
  }

  stop(contextId: string, how: { force?: boolean; drain?: boolean } = {}): void {
    this.session.send({ $case: "stopContext", value: { contextId, force: false, drain: false, ...how } });
  }

  restart(contextId: string, wanted: { settings?: Partial<ContextSettings>; force?: boolean } = {}): void {
    const settings = wanted.settings && ContextSettings.create({ memoryBytes: MEBIBYTE, ...wanted.settings });
    this.session.send({ $case: "restartContext", value: { contextId, settings, force: wanted.force ?? false } });
  }

  /** The named objects of a context, or the dropped one. Undefined when the node does not hold the context. */
  async objects(contextId: string, drop = ""): Promise<NamedObject[] | undefined> {
    const requestId = ++this.#lastRequest;
    this.session.send({ $case: "objectsRequest", value: { requestId, contextId, drop } });
    const answer = await this.session.until("objects", () =>
      this.session.heard("objectsAnswer").find((answer) => answer.requestId === requestId),
    );
    return answer.error === "" ? answer.objects : undefined;
  }

  #get() {
    if (this.#started === undefined) throw new Error("the node is not started yet");
    return this.#started;
  }
}
