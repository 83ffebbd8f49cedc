import type { Bundle } from "../build/bundle.ts";
import type { BundlerLimits } from "../bundler_limits.ts";
import type { BundleProblem } from "../problem.ts";

/** What a worker is asked, one at a time. */
export interface BundleRequest {
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
  readonly limits: BundlerLimits;
}

export type BundleAnswer =
  | { readonly type: "bundled"; readonly bundle: Bundle }
  | { readonly type: "refused"; readonly problems: readonly BundleProblem[] };

/**
 * What a worker sends: `ready` once, then one answer to each request, with the memory that the process holds since. It dies of anything else.
 */
export type WorkerMessage =
  | { readonly type: "ready" }
  | (BundleAnswer & {
      readonly residentBytes: number;
    });
