import type { Logger } from "pino";
import type { HeldJob } from "../../proto/node.ts";
import type { BlobCache } from "../blobs/mod.ts";
import type { CpuGroups } from "../isolation/mod.ts";
import type { HostedJob, JobDeps } from "../jobs/mod.ts";
import type { NetworkBounds } from "../network/mod.ts";
import type { FileSource, Runtime } from "../runtime/mod.ts";
import type { SecretPolicy } from "../secrets/mod.ts";

/** Dependencies of a context. */
export interface ContextDeps extends Omit<JobDeps, "owner" | "blobs"> {
  readonly blobs: BlobCache;
  readonly runtime: Runtime;
  readonly files: FileSource;
  readonly cpu: CpuGroups;
  readonly secretPolicy: SecretPolicy;
  readonly network: NetworkBounds;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly owner: ContextOwner;
}

/** The owner of all contexts and their jobs. */
export interface ContextOwner {
  /** Called when the last event of an attempt was sent. */
  jobEnded(job: HostedJob, options: { isFinal: boolean }): void;
  /** Called when a gateway has acknowledged it. */
  jobAcknowledged(job: HeldJob): void;
  /** Called when the final event of the context was sent. */
  contextClosed(context: { readonly id: string }): void;
}
