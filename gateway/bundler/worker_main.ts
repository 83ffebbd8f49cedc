/**
 * The process that bundles: unpacks an upload and runs esbuild on it. It is started for that alone, without environment
 * and under a memory limit, so that a hostile upload costs the gateway nothing but this process.
 */
import { transform } from "esbuild";
import { bundleFiles } from "./bundle.ts";
import { BundleError } from "./problem.ts";
import { readUpload } from "./upload.ts";
import type { BundleRequest, WorkerMessage } from "./worker_protocol.ts";

async function bundle({ content, contentType, limits }: BundleRequest): Promise<WorkerMessage> {
  try {
    const upload = await readUpload(content, { contentType, limits });
    return { type: "bundled", bundle: await bundleFiles(upload, limits) };
  } catch (error) {
    if (error instanceof BundleError) return { type: "refused", problems: error.problems };
    throw error;
  }
}

function say(message: WorkerMessage): void {
  process.send?.(message);
}

// A rejection is uncaught and ends the process, as it should: esbuild's own process may be gone.
process.on("message", async (request: BundleRequest) => say(await bundle(request)));
// The gateway is gone. esbuild's process, in the same group, would not notice while it is busy.
process.on("disconnect", () => process.kill(0, "SIGKILL"));

// esbuild starts its process at the first use.
await transform("");
say({ type: "ready" });
