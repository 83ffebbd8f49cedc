import type { Logger } from "pino";
import type { JsonObject } from "../lib/hocon/mod.ts";
import type { BlobStore, Dao } from "../plugins/contract/mod.ts";
import type { Runtime } from "../proto/mod.ts";
import type { Bundler } from "./bundler/mod.ts";
import type { EventStream } from "./events/mod.ts";
import type { JarReader } from "./jars/mod.ts";
import type { NodeDirectory } from "./nodes/mod.ts";
import type { ContextRegistry, JobRegistry } from "./state/mod.ts";

/** The parts of a running gateway. `gateway.ts` builds them, and the APIs pass them to use cases, each of which states what it needs. */
export interface Core {
  /** UUID of this process. */
  readonly gatewayId: string;
  readonly log: Logger;
  readonly dao: Dao;
  readonly blobs: BlobStore;
  readonly bundler: Bundler;
  readonly jars: JarReader;
  readonly events: EventStream;
  readonly nodes: NodeDirectory;
  readonly jobs: JobRegistry;
  readonly contexts: ContextRegistry;
  /** Throws the API error for a URL that no callback could go to. */
  checkCallbackUrl(url: string): void;
  /** Runtime of a context that is created by name without one. */
  readonly defaultRuntime: Runtime;
  /** Defaults for the config of every job. The store keeps the config as submitted. */
  readonly jobConfig: JsonObject;
  /** Aborted when the gateway ends its streams. */
  readonly closing: AbortSignal;
}
