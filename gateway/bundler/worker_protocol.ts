import type { Bundle } from "./bundle.ts";
import type { BundlerLimits } from "./limits.ts";
import type { BundleProblem } from "./problem.ts";

/** What a worker is asked, one at a time. */
export interface BundleRequest {
  readonly content: Uint8Array;
  readonly contentType: string | undefined;
  readonly limits: BundlerLimits;
}

/** What a worker says: `ready` once, then one of the others for each request. Dying is its way to say anything else. */
export type WorkerMessage =
  | { readonly type: "ready" }
  | { readonly type: "bundled"; readonly bundle: Bundle }
  | { readonly type: "refused"; readonly problems: readonly BundleProblem[] };
