import type { Bundle } from "../build/bundle.ts";
import type { BundlerLimits } from "../bundler_limits.ts";
import type { BundleProblem } from "../problem.ts";

/** A request to a worker, one at a time. */
export interface BundleRequest {
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
  readonly limits: BundlerLimits;
}

export type BundleAnswer =
  | { readonly type: "bundled"; readonly bundle: Bundle }
  | { readonly type: "refused"; readonly problems: readonly BundleProblem[] };

/** Messages of a worker: `ready` once, then one response to each request, with the memory of the process. It exits on any other error. */
export type WorkerMessage =
  | { readonly type: "ready" }
  | (BundleAnswer & {
      readonly residentBytes: number;
    });
