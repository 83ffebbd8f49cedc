import type { Logger } from "pino";
import type { BlobStore, Dao } from "../plugins/contract/mod.ts";
import type { Runtime } from "../proto/mod.ts";
import type { Bundler } from "./bundler/mod.ts";
import type { Callbacks } from "./callbacks/mod.ts";
import type { EventStream } from "./events/mod.ts";
import type { JarReader } from "./jars/mod.ts";
import type { NodeDirectory } from "./nodes/mod.ts";
import type { ContextRecord, JobRecord } from "./record/mod.ts";
import type { JsonObject } from "./spark/mod.ts";

/** What a running gateway is made of; use cases take the parts that they need. Built in `gateway.ts`. */
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
  readonly jobs: JobRecord;
  readonly contexts: ContextRecord;
  readonly callbacks: Callbacks;
  /** What runs the jobs of a context that is made by name and says nothing of that. */
  readonly defaultRuntime: Runtime;
  /** Config of every job, where its submitter says nothing; the record keeps what was submitted. */
  readonly jobConfig: JsonObject;
  /** Aborted when the gateway ends its streams. */
  readonly closing: AbortSignal;
}
